/*
 * The package lists that a rule names. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_LISTS_H
#define HALLMARK_POLICY_COMPILE_POLICY_LISTS_H

#include "policy/compile/draft.h"

/* `key` is the rule's. A rule has lists, or facts, or both. */
void policy_lists_compile(
    struct draft *d, const char *key, const struct raw_fact_rule *raw, struct fact_rule *to);

#endif
