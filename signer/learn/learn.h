/*
 * `hallmark-signer policy learn`: a policy and its reference sets, proposed from what was seen of
 * some workloads, for people to review. Nothing applies it.
 *
 * What is proposed is as strict as what was seen: each content, and each list of values, that some
 * report had, and nothing else. What no policy can accept (deleted files, modified code), and what
 * differs by its nature (when a process began), is left out; review.txt beside it says what varied
 * between hosts, what was on one host only, and what was left out.
 *
 * The same log gives the same files. It proves nothing: a log that somebody altered is a matter of
 * `hallmark-audit`.
 */
#ifndef HALLMARK_SIGNER_LEARN_LEARN_H
#define HALLMARK_SIGNER_LEARN_LEARN_H

#include <stdint.h>
#include <stdio.h>

#define LEARN_EXIT_UNKNOWN 2 /* something could not be read, or nothing was learned */

struct learn_options {
	const char *workloads;      /* a pattern */
	const char *to;             /* the directory to make */
	const char *log, *evidence; /* directories */
	uint64_t last_s;            /* of so many seconds before the newest entry; 0: of all */
};

/*
 * Writes `to`/policy.yaml, its sets and review.txt, and tells what came of it on `out`: what the
 * proposed policy makes of the reports that it was learned from, as `policy try` does. Returns the
 * exit status: 0; 1: not all of these would be affirming; LEARN_EXIT_UNKNOWN. Faults go to stderr.
 */
int learn_run(const struct learn_options *options, FILE *out);

#endif
