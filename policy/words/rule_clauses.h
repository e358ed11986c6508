/*
 * The clauses of an entry of a policy, and of what stands at its top.
 */
#ifndef HALLMARK_POLICY_WORDS_RULE_CLAUSES_H
#define HALLMARK_POLICY_WORDS_RULE_CLAUSES_H

#include "policy/policy.h"
#include "policy/words/clauses.h"

/*
 * Append what an entry of `workloads` says, and what stands beside them at the top: name,
 * operators, CAs, references. Both abort for want of memory, as loading does.
 */
void clauses_of_rule(const struct policy *p, const struct policy_rule *r, struct clauses *to);
void clauses_of_top(const struct policy *p, struct clauses *to);

/* Where the part of an entry is written; COMPONENT_KIND_COUNT: the entry. 0, and NULL: nowhere. */
unsigned clauses_line_of(const struct policy *p, const struct policy_rule *r,
    enum component_kind part, const char **file);

#endif
