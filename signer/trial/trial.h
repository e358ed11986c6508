/*
 * `hallmark-signer policy try`: the evidence of a log appraised again under another policy, before
 * that binds anybody: whose verdict would be another, and why.
 *
 * It reads what the signer has on its disk, and proves nothing: a log that somebody altered is a
 * matter of `hallmark-audit`.
 */
#ifndef HALLMARK_SIGNER_TRIAL_TRIAL_H
#define HALLMARK_SIGNER_TRIAL_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TRIAL_EXIT_FALLS   1 /* a verdict would be worse, or not as wanted */
#define TRIAL_EXIT_UNKNOWN 2 /* something could not be read */

struct trial_options {
	const char *policy;         /* the new one's file */
	const char *log, *evidence; /* directories */
	const char *workloads;      /* a pattern that matches them; NULL: all */
	bool wants_affirming;       /* whatever they were */
	uint64_t last_s;            /* of so many seconds before the newest entry; 0: of all */
	bool all;                   /* names every workload */
	bool json;
};

/* Returns the exit status. Faults go to stderr. */
int trial_run(const struct trial_options *options, FILE *to);

#endif
