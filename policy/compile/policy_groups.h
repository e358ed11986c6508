/*
 * `groups` and `rollout` of a policy, and `group` of an entry. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_GROUPS_H
#define HALLMARK_POLICY_COMPILE_POLICY_GROUPS_H

#include "policy/compile/draft.h"

/* The policy's; before its entries. */
void policy_groups_compile(struct draft *d);

/* The groups of an entry, of which it may name one: `key` is that, `name` NULL if it does not. */
void policy_groups_take(struct draft *d, const char *key, const char *name, struct policy_rule *to);

#endif
