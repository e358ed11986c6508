/*
 * Which keys of a policy's rules some case has made decide.
 *
 * Counted are the outcomes that the policy says, each fact that it demands, and of each rule for
 * files what is in no set, and what a set has otherwise: without these a set proves nothing.
 */
#ifndef HALLMARK_SIGNER_CASES_COVERAGE_H
#define HALLMARK_SIGNER_CASES_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"
#include "proto/report/report.h"

struct coverage;

struct coverage_key {
	const struct policy_rule *rule;
	char *name;    /* "libraries.unknown", "runtime.facts uid", "missing" */
	unsigned line; /* in the policy file; 0: the policy leaves it out */
	bool decided;
};

/* All keys of all rules. Aborts for want of memory, as loading does. */
struct coverage *coverage_new(const struct policy *p);
void coverage_free(struct coverage **c);

/* A finding that this rule has made. */
void coverage_add(struct coverage *c, const struct policy *p, const struct policy_rule *r,
    const struct report_finding *f);

size_t coverage_count(const struct coverage *c);
const struct coverage_key *coverage_at(const struct coverage *c, size_t index);

#endif
