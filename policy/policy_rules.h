/*
 * Putting one entry of `workloads` together. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_POLICY_RULES_H
#define HALLMARK_POLICY_POLICY_RULES_H

#include "config/faults.h"
#include "policy/policy_schema.h"
#include "policy/rule.h"

#define COMPILE_KEY_MAX 96 /* bytes of "workloads[9999].executable.references[15]" and room */

struct compile {
	struct policy *policy;
	const struct raw_policy *raw;
	const char *file;
	struct faults *faults;
};

/* A fault at the line of the key. */
void compile_fault(struct compile *c, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills rules[index] of the policy; its references are filled already. */
void compile_rule(struct compile *c, size_t index);

#endif
