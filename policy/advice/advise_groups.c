/*
 * Groups that nobody is in, and a roll-out that has come to its end.
 */
#include <stdio.h>

#include "policy/advice/advising.h"
#include "policy/compile/draft.h"

static bool is_for_all(const struct policy_group *g);
static bool is_named(const struct policy *p, const struct policy_group *g);

void
advise_groups(const struct advising *a)
{
	const struct policy *p = a->policy;
	const struct policy_group *all = NULL;
	bool asks_older = false;

	for (size_t i = 0; i < p->group_count; i++) {
		const struct policy_group *g = &p->groups[i];
		const bool unreached = !g->by_conditions || all != NULL;
		char key[DRAFT_KEY_MAX];

		(void)snprintf(key, sizeof(key), "groups[%zu].name", i);
		asks_older = asks_older || g->enforce != REPORT_ENFORCE_ON;
		if (unreached && !is_named(p, g)) {
			advise(a, key,
			    "nobody is in the group \"%.*s\": %s, and no workload names it",
			    view_precision(g->name), (const char *)g->name.data,
			    g->by_conditions ? "an earlier group takes all workloads"
					     : "it has no conditions");
			advices_mend(a->to, "%s",
			    g->by_conditions ? "put it before that group, or take it out"
					     : "add \"collectors\", \"workloads\" or \"facts\", or "
					       "name it in the \"group\" of a workload");
		}
		if (all == NULL && is_for_all(g))
			all = g;
	}
	if (!p->rolls_out || asks_older)
		return;
	advise(
	    a, "rollout.from", "the roll-out is over: no group lets the policy before this decide");
	advices_mend(a->to, "take \"rollout\" out, or say `off` or `warn` of a group");
}

static bool
is_for_all(const struct policy_group *g)
{
	if (g->collectors.said || g->facts != NULL)
		return false;
	for (size_t i = 0; i < g->workloads.count; i++)
		if (view_equal(g->workloads.pattern[i], VIEW_LITERAL("*")))
			return true;
	return false;
}

static bool
is_named(const struct policy *p, const struct policy_group *g)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].own_group == g)
			return true;
	return false;
}
