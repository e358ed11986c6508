/*
 * The exceptions of the file rules of an entry. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_EXCEPT_H
#define HALLMARK_POLICY_COMPILE_POLICY_EXCEPT_H

#include "policy/compile/draft.h"

/* Those of one rule, behind those of the rules before. `key` is the rule's. */
void policy_except_compile(struct draft *d, const char *key, enum component_kind kind,
    const struct raw_file_rule *raw, struct policy_rule *to);

#endif
