/*
 * Putting one entry of `workloads` together. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_RULES_H
#define HALLMARK_POLICY_COMPILE_POLICY_RULES_H

#include "policy/compile/draft.h"

/* Fills rules[index] of the policy; its references are filled already. */
void policy_rules_compile(struct draft *d, size_t index);

/* Behind that, of an entry with `start`: fills `to` with what that says. */
void policy_rules_compile_start(struct draft *d, size_t index, struct policy_rule *to);

#endif
