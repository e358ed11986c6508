/*
 * The reference sets that the rules of an entry use, and which of them belong together. Only
 * policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_SETS_H
#define HALLMARK_POLICY_COMPILE_POLICY_SETS_H

#include "policy/compile/draft.h"

/* Fills these of the entry's rule: `reference`, `family`, `release`, and their counts. */
void policy_sets_compile(struct draft *d, const struct draft_entry *entry);

/* Bits of `reference`: those that these names of a rule stand for, a family for all its releases.
 */
uint64_t policy_sets_named(const struct policy_rule *rule, char *const *names, size_t count);

#endif
