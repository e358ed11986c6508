/*
 * What a policy says of its groups and its roll-out: a clause for each, with all of its conditions;
 * of all of them (clause_writer.h), and as one workload has them.
 */
#ifndef HALLMARK_POLICY_WORDS_GROUP_CLAUSES_H
#define HALLMARK_POLICY_WORDS_GROUP_CLAUSES_H

#include "policy/policy.h"
#include "policy/words/clauses.h"

/*
 * Append the groups in which a workload of this name that an entry is for is, or may be: the one
 * that the entry names; else those that could be the first that matches, which its collector and
 * what is measured of it decide. Nothing where the policy has no groups, or of a start's entry.
 */
void clauses_of_its_groups(
    const struct policy *p, const struct policy_rule *r, struct view workload, struct clauses *to);

#endif
