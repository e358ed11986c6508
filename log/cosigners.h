/*
 * Witnesses whom whoever reads a log believes: their keys tell when a checkpoint was there
 * (proto/tlog/cosignature.h). Named by the reader, and by nobody else.
 */
#ifndef HALLMARK_LOG_COSIGNERS_H
#define HALLMARK_LOG_COSIGNERS_H

#include <stddef.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/outcome.h"
#include "proto/tlog/cosignature.h"

#define COSIGNERS_MAX 64 /* as many as a note has signature lines */

struct cosigners {
	size_t count;
	struct cosigner *cosigner[COSIGNERS_MAX];
};

/*
 * `named`: each a verifier key line, or a file with one and no more. Says what is wrong as a step.
 * What was loaded is to be freed whatever the outcome.
 */
enum outcome cosigners_load(const char *const *named, size_t count, const struct findings *f,
    struct cosigners *out) MUST_USE;
void cosigners_free(struct cosigners *w);

/*
 * The earliest time at which one of them has seen the checkpoint of this note, and who. The errors
 * of cosigner_check and note_parse: ERR_UNKNOWN_KEY if none has; any other if a line of one of them
 * is wrong.
 */
enum err cosigners_check(const struct cosigners *w, struct view note, const struct cosigner **by,
    uint64_t *time_s) MUST_USE;

#endif
