/*
 * A file that claims to prove a fork (proto/tlog/forkproof.h), against the certificates of the log.
 */
#ifndef HALLMARK_LOG_FORK_CHECK_H
#define HALLMARK_LOG_FORK_CHECK_H

#include "log/findings.h"
#include "log/outcome.h"
#include "log/seal.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/forkproof.h"

/* What was proved; views into the file's bytes. */
struct fork_check {
	struct forkproof proof;
	struct checkpoint first, second; /* authentic where the outcome is bad */
	const struct signercert *by[2];  /* whose keys signed them; then */
	char *text;                      /* for people; then not NULL */
};

/*
 * Bad if it proves that the log has forked; else unknown, since nothing is proved about the log.
 * `out` is to be freed.
 */
enum outcome fork_check_run(const struct seal_wanted *wanted, struct view bytes,
    const struct findings *f, struct fork_check *out) MUST_USE;
void fork_check_free(struct fork_check *c);

/* What a proof says, with names for its two checkpoints; to be freed. NULL for want of memory. */
char *fork_describe(const struct forkproof *p, const char *first_name,
    const struct checkpoint *first, const char *second_name, const struct checkpoint *second);

#endif
