/*
 * What a rule for pages says of what differs from its lists, besides its facts. Only policy/
 * includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_WEB_H
#define HALLMARK_POLICY_COMPILE_POLICY_WEB_H

#include "policy/compile/draft.h"

/* Behind policy_lists_compile. */
void policy_web_compile(
    struct draft *d, const char *key, const struct raw_fact_rule *raw, struct fact_rule *to);

#endif
