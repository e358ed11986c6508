/*
 * How a component was measured, as it says itself in `made`. Most of that no rule looks at; what
 * makes it say less than a rule means is a finding unless the policy accepts it by name.
 */
#include "policy/judge.h"

static bool has_option(const struct component *c, struct view option);

void
judge_made(struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	if (!rule->main_only && has_option(c, VIEW_LITERAL("main_only")))
		(void)verdict_find(
		    b, FINDING_MAIN_ONLY, REPORT_CONTRAINDICATED, (struct view){NULL, 0});
}

static bool
has_option(const struct component *c, struct view option)
{
	for (size_t i = 0; i < c->made_count; i++)
		for (size_t v = 0; v < c->made[i].value_count; v++)
			if (view_equal(c->made[i].name, VIEW_LITERAL("options")) &&
			    view_equal(c->made[i].values[v], option))
				return true;
	return false;
}
