/*
 * `hallmark-signer policy approve`: what somebody has to know and to do who is asked to approve a
 * policy: what it changes, whose word counts, and how that is said.
 */
#ifndef HALLMARK_SIGNER_POLICIES_APPROVAL_H
#define HALLMARK_SIGNER_POLICIES_APPROVAL_H

#include <stdbool.h>
#include <stdio.h>

#define APPROVAL_EXIT_NONE    1 /* no approval is needed, or none any more */
#define APPROVAL_EXIT_UNKNOWN 2 /* something could not be read */

struct approval_options {
	const char *policy;         /* the new one's file */
	const char *log, *evidence; /* directories */
	const char *author;         /* who made it; NULL: is filled in by who signs */
	const char *config;         /* the signer's, for the last command; NULL: likewise */
	bool all;                   /* every path of a set */
	bool json;
};

/* Returns the exit status. Faults go to stderr. */
int approval_tell(const struct approval_options *options, FILE *to);

#endif
