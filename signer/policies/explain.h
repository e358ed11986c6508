/*
 * `hallmark-signer policy explain`: in sentences what a policy wants of a workload; and of a report
 * which rule gave each of its findings, what was expected and found, and what would mend it.
 *
 * It reads what the signer has on its disk, and proves nothing: a log that somebody altered is a
 * matter of `hallmark-audit`.
 */
#ifndef HALLMARK_SIGNER_POLICIES_EXPLAIN_H
#define HALLMARK_SIGNER_POLICIES_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#define EXPLAIN_EXIT_NOT     1 /* no entry matches; or the report is not affirming */
#define EXPLAIN_EXIT_UNKNOWN 2 /* something could not be read */

struct explain_options {
	const char *workload;
	const char *policy; /* its file; NULL: of a report, its own */
	const char *report; /* number of its entry; NULL: the policy is explained */
	/* Directories, for a report; and for what is revoked: NULL: that is not told then. */
	const char *log, *evidence;
	bool all; /* every finding; else the first of those that are alike */
	bool json;
};

/* Return the exit status. Faults go to stderr. */
int explain_policy(const struct explain_options *options, FILE *to);
int explain_report(const struct explain_options *options, FILE *to);

#endif
