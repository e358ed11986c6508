/*
 * `hallmark-signer policy diff`: what changes from one policy to another, in words.
 */
#ifndef HALLMARK_SIGNER_POLICIES_DIFFER_H
#define HALLMARK_SIGNER_POLICIES_DIFFER_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/policy.h"

#define DIFFER_EXIT_OTHER   1 /* another policy: it needs approvals of its own */
#define DIFFER_EXIT_UNKNOWN 2 /* one of them could not be read */

struct differ_options {
	const char *was, *is; /* files */
	bool all;             /* every path of a set */
	bool json;
};

/* Returns the exit status: 0 if both are one policy, to the byte. Faults go to stderr. */
int differ_run(const struct differ_options *options, FILE *to);

/* The same for people, of policies that are there. `all`: every path of a set. */
void differ_print(const struct policy *was, const struct policy *is, bool all, FILE *to);

#endif
