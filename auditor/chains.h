/*
 * Each workload's chain through the log: every report names the one before it, every bundle the
 * bundle before it, sequence numbers rise, times do not fall.
 */
#ifndef HALLMARK_AUDITOR_CHAINS_H
#define HALLMARK_AUDITOR_CHAINS_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

struct chains;

/* `issuer`: the log that every report must be of. Aborts for want of memory. */
struct chains *chains_new(const char *issuer);
void chains_free(struct chains **c);

/* Entries in order of index. ERR_FORMAT if it is no report, ERR_MISMATCH if it breaks a chain. */
enum err chains_check(struct chains *c, struct view entry, uint64_t index) MUST_USE;

/* What the last failed check expected. */
const char *chains_reason(const struct chains *c);

#endif
