/*
 * What was seen of some workloads: by whom, which components, and in these which contents of files
 * and which values of facts, each with the hosts that had it.
 *
 * Reports come first, one by one (seen_report); then each component that they name is read once
 * (seen_read), however many reports name it.
 */
#ifndef HALLMARK_SIGNER_LEARN_SEEN_H
#define HALLMARK_SIGNER_LEARN_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "log/evidence_reader.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/report.h"
#include "signer/learn/seen_item.h"

struct seen;

struct seen *seen_new(void); /* NULL for want of memory */
void seen_free(struct seen **s);

/* Takes its collector, and the components that it names. ERR_MEMORY. */
enum err seen_report(struct seen *s, const struct report *report) MUST_USE;

/* Reads all components that were named; those that cannot be had are counted. ERR_MEMORY. */
enum err seen_read(struct seen *s, struct evidence_reader *evidence, uint64_t *unreadable) MUST_USE;

const struct seen_summary *seen_summary(const struct seen *s);

/* Hosts in the order in which the log has them first, as host sets number them. */
size_t seen_host_count(const struct seen *s);
struct view seen_host(const struct seen *s, size_t index);

/* Sorted by kind, made, name; the whole of each before its variants, and these by digest. */
size_t seen_item_count(const struct seen *s);
const struct seen_item *seen_item_at(const struct seen *s, size_t index);

/* Sorted by program. */
size_t seen_memory_count(const struct seen *s);
const struct seen_memory *seen_memory_at(const struct seen *s, size_t index);

#endif
