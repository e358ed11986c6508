/*
 * Groups that nobody is in, and a roll-out that has come to its end.
 */
#include <stdio.h>
#include <string.h>

#include "config/nearest.h"
#include "policy/advice/advising.h"
#include "policy/compile/draft.h"
#include "policy/compile/policy_schema.h"

static bool is_for_all(const struct policy_group *g);
static bool is_named(const struct policy *p, const struct policy_group *g);
static void advise_members(const struct advising *a, size_t group, bool of_collectors);
static bool is_met(
    const struct policy *p, struct view pattern, bool of_collectors, struct nearest *nearest);
static bool meet(struct view a, struct view b, bool no_case);
static bool is_wild(struct view rest);
static uint8_t taken(struct view *rest, bool no_case);

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
		advise_members(a, i, true);
		advise_members(a, i, false);
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

/* A pattern that is like none of the entries' finds nobody that is judged at all. */
static void
advise_members(const struct advising *a, size_t group, bool of_collectors)
{
	const struct policy_group *g = &a->policy->groups[group];
	const struct patterns *patterns = of_collectors ? &g->collectors : &g->workloads;
	const char *name = of_collectors ? "collectors" : "workloads";

	for (size_t i = 0; i < patterns->count; i++) {
		const struct view one = patterns->pattern[i];
		struct nearest nearest;
		char key[DRAFT_KEY_MAX];

		nearest_begin(&nearest, one);
		if (is_met(a->policy, one, of_collectors, &nearest))
			continue;
		(void)snprintf(key, sizeof(key), "groups[%zu].%s[%zu]", group, name, i);
		advise(a, key,
		    "\"%.*s\" brings nobody into the group \"%.*s\": it is like no pattern "
		    "under \"%s\" of \"workloads\"",
		    view_precision(one), (const char *)one.data, view_precision(g->name),
		    (const char *)g->name.data, of_collectors ? "collectors" : "match");
		if (nearest_found(&nearest) != NULL)
			advices_mend(a->to, "did you mean \"%s\"?", nearest_found(&nearest));
		else
			advices_mend(a->to, "write it as the entries below have %s, or take it out",
			    of_collectors ? "their collectors" : "their names");
	}
}

static bool
is_met(const struct policy *p, struct view pattern, bool of_collectors, struct nearest *nearest)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[i];
		const size_t count = of_collectors ? r->collector_count : 1;

		for (size_t c = 0; c < count; c++) {
			const struct view other = of_collectors ? r->collectors[c] : r->match;

			if (meet(pattern, other, of_collectors))
				return true;
			nearest_offer(nearest, (const char *)other.data);
		}
	}
	return false;
}

/*
 * There is a text that both patterns match, as far as is easy to see: where one has a star, all
 * that the other has up to its next star may stand for it. At every place of `a` the places of `b`
 * that can be reached with it are marked.
 */
static bool
meet(struct view a, struct view b, bool no_case)
{
	bool reached[POLICY_PATTERN_MAX + 1] = {true}, next[POLICY_PATTERN_MAX + 1], any = true;
	uint8_t one, other;

	if (b.size > POLICY_PATTERN_MAX)
		return true;
	while (any) {
		/* A star of `b` may be empty; one of `a`, or of `b`, takes whatever the other has.
		 */
		for (size_t i = 0; i < b.size; i++)
			reached[i + 1] =
			    reached[i + 1] || (reached[i] && (b.data[i] == '*' || is_wild(a)));
		if (a.size == 0)
			return reached[b.size];
		if (is_wild(a)) {
			a = (struct view){a.data + 1, a.size - 1};
			continue;
		}
		one = taken(&a, no_case);
		any = false;
		memset(next, 0, sizeof(next));
		for (size_t i = 0; i < b.size; i++) {
			struct view rest = {b.data + i, b.size - i};

			if (!reached[i])
				continue;
			if (is_wild(rest)) {
				next[i] = any = true;
				continue;
			}
			other = taken(&rest, no_case);
			if (one == 0 || other == 0 || one == other)
				next[b.size - rest.size] = any = true;
		}
		memcpy(reached, next, sizeof(next));
	}
	return false;
}

static bool
is_wild(struct view rest)
{
	return rest.size > 0 && rest.data[0] == '*';
}

/* The byte that has to stand here, 0 for any; what is behind it remains. */
static uint8_t
taken(struct view *rest, bool no_case)
{
	const bool escaped = rest->data[0] == '\\' && rest->size > 1;
	uint8_t one = rest->data[escaped ? 1 : 0];

	if (!escaped && one == '?')
		one = 0;
	if (no_case && one >= 'A' && one <= 'Z')
		one = (uint8_t)(one - 'A' + 'a');
	*rest = (struct view){rest->data + 1 + escaped, rest->size - 1 - escaped};
	return one;
}
