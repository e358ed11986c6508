/*
 * In which of a policy's groups a workload is: what its runtime says is judged with the component,
 * what its name and its collector's say with the report.
 */
#include "policy/appraisal/judge.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/glob.h"

static bool is_named(const struct policy_group *g, struct view collector, struct view workload);
static bool matches_any(const struct patterns *p, struct view name, enum glob_scope scope);

enum judge_answer
judge_facts_hold(const struct fact_rule *rule, const struct component *c)
{
	enum judge_answer answer = JUDGE_HOLDS;
	struct verdict_builder b;

	verdict_begin(&b, c->kind, NULL);
	judge_facts(&b, rule, c);
	for (size_t s = 0; s < SEVERITY_COUNT; s++)
		for (size_t i = 0; i < b.count[s] && answer != JUDGE_FAILS; i++)
			answer =
			    b.entry[s][i].finding == FINDING_REDACTED ? JUDGE_UNCLEAR : JUDGE_FAILS;
	verdict_drop(&b);
	return answer;
}

/* Clearly not of the group is what lacks a fact, or has another value where any can be read. */
void
judge_groups(struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	for (size_t i = 0; i < rule->group_count; i++) {
		const struct fact_rule *facts = rule->groups[i].facts;

		if (facts == NULL)
			continue;
		switch (judge_facts_hold(facts, c)) {
		case JUDGE_HOLDS:
			b->groups |= UINT32_C(1) << i;
			break;
		case JUDGE_UNCLEAR:
			b->groups_unclear |= UINT32_C(1) << i;
			break;
		case JUDGE_FAILS:
			break;
		}
	}
}

const struct policy_group *
judge_group_of(const struct policy_rule *rule, struct view collector, struct view workload,
    const struct component_verdict *runtime)
{
	if (rule->own_group != NULL)
		return rule->own_group;
	for (size_t i = 0; i < rule->group_count; i++) {
		const struct policy_group *g = &rule->groups[i];
		const uint32_t bit = UINT32_C(1) << i;

		if (!g->by_conditions || !is_named(g, collector, workload))
			continue;
		if (g->facts == NULL || (runtime != NULL && (runtime->groups & bit) != 0))
			return g;
		if (runtime == NULL || (runtime->groups_unclear & bit) != 0)
			return NULL; /* whoever hides what group it is in is in none */
	}
	return NULL;
}

static bool
is_named(const struct policy_group *g, struct view collector, struct view workload)
{
	return (!g->collectors.said || matches_any(&g->collectors, collector, GLOB_IDENTITY)) &&
	       (!g->workloads.said ||
		   matches_any(&g->workloads, bundle_chain_workload(workload), GLOB_TEXT));
}

static bool
matches_any(const struct patterns *p, struct view name, enum glob_scope scope)
{
	for (size_t i = 0; i < p->count; i++)
		if (glob_match(p->pattern[i], name, scope))
			return true;
	return false;
}
