/*
 * Rules about facts, from the policy file: what each fact has to be. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_FACTS_H
#define HALLMARK_POLICY_COMPILE_POLICY_FACTS_H

#include "policy/compile/draft.h"

/* The rule at `key`, such as "workloads[2].runtime", for components of this kind. */
const struct fact_rule *policy_facts_compile(
    struct draft *d, const char *key, enum component_kind kind, const struct raw_fact_rule *raw);

#endif
