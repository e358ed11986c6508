/*
 * What is in force in a log behind its newest published entry: its policy, and what operators have
 * stated.
 */
#ifndef HALLMARK_SIGNER_POLICIES_IN_FORCE_H
#define HALLMARK_SIGNER_POLICIES_IN_FORCE_H

#include <stdbool.h>

#include "log/evidence_reader.h"
#include "log/log_reader.h"
#include "policy/policy.h"
#include "policy/standing.h"

struct in_force {
	struct log_reader log;
	struct evidence_reader *evidence;
	struct standing *standing;
	struct policy *policy; /* NULL: none is in force yet */
};

/* False, with what is wrong on stderr, if it cannot be had. To be freed whatever comes out. */
bool in_force_read(const char *log, const char *evidence, struct in_force *out);

/* The same but for the policy, and without a word: what the log or a store of it returned. */
enum err in_force_stand(const char *log, const char *evidence, struct in_force *out) MUST_USE;
void in_force_free(struct in_force *f);

#endif
