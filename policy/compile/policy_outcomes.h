/*
 * Outcomes that are none, such as `ignore`: what their author may have wanted instead.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_OUTCOMES_H
#define HALLMARK_POLICY_COMPILE_POLICY_OUTCOMES_H

#include "policy/compile/draft.h"

/* One fault behind the first outcome of the policy that has one, if any has. */
void policy_outcomes_explain(struct draft *d);

#endif
