/*
 * Of demands: facts that nobody measures, and values that nothing can have.
 */
#include <stdio.h>
#include <string.h>

#include "config/nearest.h"
#include "policy/advice/advising.h"
#include "policy/compile/draft.h"
#include "proto/evidence/fact_names.h"
#include "proto/glob.h"

#define COUNT_DIGITS_MAX 6 /* of COMPONENT_VALUES_MAX */

/* One demand of one rule. */
struct demand {
	const struct advising *a;
	enum component_kind kind;
	const struct fact_rule *rule;
	const struct fact_demand *d;
	char key[DRAFT_KEY_MAX];
};

static bool names_list(const struct fact_rule *rule, const struct policy_package_list *list);
static void advise_name(const struct demand *m);
static void advise_config_name(const struct demand *m);
static void advise_ranges(const struct demand *m);
static void advise_conflict(const struct demand *m);
static bool refuses(const struct fact_demand *d, struct view value);
static bool matches_any(const struct patterns *p, struct view value);
static void advise_pair(const struct demand *m);
static void advise_loose(const struct demand *m);
static bool looks_at_the_same(const struct fact_demand *a, const struct fact_demand *b);
static bool count_can_hold(const struct range *r);
static bool count_holds(const struct range *r, unsigned long number);
static bool is_literal(struct view pattern);
static bool takes_everything(struct view pattern);

void
advise_lists(const struct advising *a)
{
	const struct policy *p = a->policy;

	for (size_t i = 0; i < p->package_list_count; i++) {
		char key[DRAFT_KEY_MAX];
		bool used = false;

		for (size_t r = 0; r < p->rule_count && !used; r++)
			used = names_list(
				   p->rules[r].facts[COMPONENT_PACKAGES], &p->package_lists[i]) ||
			       names_list(p->rules[r].facts[COMPONENT_WEB], &p->package_lists[i]);
		if (used)
			continue;
		(void)snprintf(key, sizeof(key), "package_lists[%zu].name", i);
		advise(a, key, "no rule uses the package list \"%s\"", p->package_lists[i].name);
		advices_mend(
		    a->to, "name it under \"lists\" of \"packages\" or \"web\", or take it out");
	}
}

static bool
names_list(const struct fact_rule *rule, const struct policy_package_list *list)
{
	for (size_t i = 0; rule != NULL && i < rule->list_count; i++)
		if (rule->lists[i] == list)
			return true;
	return false;
}

void
advise_facts(const struct advising *a, size_t entry)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct fact_rule *rule = a->policy->rules[entry].facts[k];

		for (size_t i = 0; rule != NULL && i < rule->fact_count; i++) {
			struct demand m = {.a = a,
			    .kind = (enum component_kind)k,
			    .rule = rule,
			    .d = &rule->facts[i]};

			if (m.d->implied || m.d->key != NULL)
				continue;
			(void)snprintf(m.key, sizeof(m.key), "workloads[%zu].%s.facts[%zu]", entry,
			    component_kind_name(m.kind), m.d->place);
			advise_name(&m);
			advise_ranges(&m);
			advise_conflict(&m);
			advise_pair(&m);
			advise_loose(&m);
			advise_values(a, m.key, m.d);
			if (m.kind == COMPONENT_RUNTIME)
				advise_shared(a, m.key, rule, m.d);
		}
	}
}

bool
advise_takes_all(const struct fact_demand *d)
{
	const struct range *ranges[] = {&d->number, &d->version, &d->date};
	bool all = !d->equals.said && !d->deny.said;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		all = all && ranges[i]->limit_count == 0;
	/* What holds at both ends holds between. */
	if (d->count.limit_count > 0)
		all = all && count_holds(&d->count, 0) &&
		      count_holds(&d->count, COMPONENT_VALUES_MAX);
	for (size_t i = 0; all && i < d->require.count; i++)
		all = takes_everything(d->require.pattern[i]);
	if (all && d->allow.said) {
		all = false;
		for (size_t i = 0; !all && i < d->allow.count; i++)
			all = takes_everything(d->allow.pattern[i]);
	}
	return all;
}

static void
advise_name(const struct demand *m)
{
	const struct view name = m->d->name;
	const enum component_kind kind = fact_name_kind(name);
	struct nearest near;
	const char *one;

	if (m->kind == COMPONENT_CONFIG) {
		advise_config_name(m);
		return;
	}
	if (kind == m->kind)
		return;
	advise(m->a, m->key,
	    "hallmark-collector measures no fact \"%.*s\" of \"%s\": without it the workload can "
	    "never be affirming",
	    view_precision(name), (const char *)name.data, component_kind_name(m->kind));
	if (kind != COMPONENT_KIND_COUNT) {
		advices_mend(
		    m->a->to, "it is one of \"%s\": put it there", component_kind_name(kind));
		return;
	}
	nearest_begin(&near, name);
	for (size_t i = 0; (one = fact_name_at(m->kind, i)) != NULL; i++)
		nearest_offer(&near, one);
	if (nearest_found(&near) != NULL)
		advices_mend(m->a->to, "did you mean \"%s\"?", nearest_found(&near));
	else
		advices_mend(m->a->to,
		    "`hallmark-collector measure NAME` shows all facts; leave it as it is if a "
		    "collector of another make has this one");
}

/* Which files and keys there are is in the collectors' configurations alone. */
static void
advise_config_name(const struct demand *m)
{
	const struct view name = m->d->name;

	if (memchr(name.data, ':', name.size) != NULL)
		return;
	advise(m->a, m->key,
	    "a fact of \"config\" is called after a file and a key, and \"%.*s\" has no \":\": "
	    "without it the workload can never be affirming",
	    view_precision(name), (const char *)name.data);
	advices_mend(m->a->to, "call it NAME:KEY, such as \"limits:risk.max_order_size\"");
}

static void
advise_ranges(const struct demand *m)
{
	const struct range *ranges[] = {&m->d->number, &m->d->version, &m->d->date};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (ranges[i]->limit_count == 0 || range_can_hold(ranges[i]))
			continue;
		advise(m->a, m->key, "%s is never \"%.*s\": the workload can never be affirming",
		    range_order_name(ranges[i]->order), view_precision(ranges[i]->text),
		    (const char *)ranges[i]->text.data);
		advices_mend(m->a->to, "both limits have to hold: exchange them, or take one out");
	}
	if (m->d->count.limit_count > 0 && !count_can_hold(&m->d->count)) {
		advise(m->a, m->key,
		    "a number of values is never \"%.*s\": the workload can never be affirming",
		    view_precision(m->d->count.text), (const char *)m->d->count.text.data);
		advices_mend(m->a->to,
		    "\"count\" is of whole numbers without a unit, from 0 to %d; for values that "
		    "are numbers there is \"number\"",
		    COMPONENT_VALUES_MAX);
	}
}

/* A value that this demand wants to be there, and that one for the same values refuses. */
static void
advise_conflict(const struct demand *m)
{
	const struct patterns *const wanted[] = {&m->d->equals, &m->d->require};

	for (size_t e = 0; e < m->rule->fact_count; e++) {
		const struct fact_demand *other = &m->rule->facts[e];

		if (!looks_at_the_same(m->d, other))
			continue;
		for (size_t w = 0; w < 2; w++)
			for (size_t i = 0; i < wanted[w]->count; i++) {
				const struct view value = wanted[w]->pattern[i];

				if (!is_literal(value) || !refuses(other, value))
					continue;
				advise(m->a, m->key,
				    "\"%.*s\" has to be there, and is refused: the workload can "
				    "never be affirming",
				    view_precision(value), (const char *)value.data);
				advices_mend(
				    m->a->to, "all demands of one fact have to hold: take one out");
				return;
			}
		if (m->d->equals.said && other->count.limit_count > 0 &&
		    !count_holds(&other->count, m->d->equals.count)) {
			advise(m->a, m->key,
			    "\"equals\" has %zu value%s, and \"count\" demands \"%.*s\": the "
			    "workload can never be affirming",
			    m->d->equals.count, m->d->equals.count == 1 ? "" : "s",
			    view_precision(other->count.text),
			    (const char *)other->count.text.data);
			advices_mend(
			    m->a->to, "\"equals\" says how many there are: leave out \"count\"");
			return;
		}
	}
}

static bool
refuses(const struct fact_demand *d, struct view value)
{
	return (d->where.said && d->word == 0 && !matches_any(&d->where, value)) ||
	       matches_any(&d->deny, value) || (d->allow.said && !matches_any(&d->allow, value)) ||
	       !range_holds(&d->number, value) || !range_holds(&d->version, value) ||
	       !range_holds(&d->date, value);
}

static bool
matches_any(const struct patterns *p, struct view value)
{
	for (size_t i = 0; i < p->count; i++)
		if (glob_match(p->pattern[i], value, GLOB_TEXT))
			return true;
	return false;
}

/* Of these the one is measured in place of the other. */
static void
advise_pair(const struct demand *m)
{
	static const struct {
		struct view whole, digest;
	} pairs[] = {
	    {VIEW_LITERAL("arguments"), VIEW_LITERAL("arguments_digest")},
	    {VIEW_LITERAL("environment_names"), VIEW_LITERAL("environment_names_digest")},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (size_t e = 0;
		     view_equal(m->d->name, pairs[i].digest) && e < m->rule->fact_count; e++) {
			if (!view_equal(m->rule->facts[e].name, pairs[i].whole))
				continue;
			advise(m->a, m->key,
			    "\"%s\" is measured in place of \"%s\", and both are demanded: the "
			    "workload can never be affirming",
			    (const char *)pairs[i].digest.data, (const char *)pairs[i].whole.data);
			advices_mend(m->a->to, "keep the one that its report has");
			return;
		}
}

/* Whoever leaves out --verify-signatures would be good with a list of what is allowed. */
static void
advise_loose(const struct demand *m)
{
	if (!m->d->allow.said || !view_equal(m->d->name, VIEW_LITERAL("arguments")))
		return;
	for (size_t i = 0; i < m->rule->fact_count; i++) {
		const struct fact_demand *d = &m->rule->facts[i];

		if (view_equal(d->name, m->d->name) &&
		    (d->equals.said || d->require.said || d->count.limit_count > 0))
			return;
	}
	advise(m->a, m->key,
	    "\"allow\" takes arguments in any order and number: one that is left out is not seen");
	advices_mend(m->a->to,
	    "list all of them in their order under \"equals\", or those that must "
	    "be there under \"require\"");
}

static bool
looks_at_the_same(const struct fact_demand *a, const struct fact_demand *b)
{
	return view_equal(a->name, b->name) && a->word == b->word &&
	       a->where.said == b->where.said &&
	       (!a->where.said || view_equal(a->where.pattern[0], b->where.pattern[0]));
}

/* Within one or two limits is 0, or a number at one of them, or the one behind that; or none. */
static bool
count_can_hold(const struct range *r)
{
	bool can = count_holds(r, 0);

	for (size_t i = 0; i < r->limit_count && !can; i++) {
		const struct view limit = r->limit[i].value;
		unsigned long number = 0;
		size_t digits = 0;

		while (digits < limit.size && digits <= COUNT_DIGITS_MAX &&
		       limit.data[digits] >= '0' && limit.data[digits] <= '9')
			number = number * 10 + limit.data[digits++] - '0';
		if (digits <= COUNT_DIGITS_MAX)
			can = count_holds(r, number) || count_holds(r, number + 1) ||
			      (number > 0 && count_holds(r, number - 1));
	}
	return can || count_holds(r, COMPONENT_VALUES_MAX);
}

static bool
count_holds(const struct range *r, unsigned long number)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%lu", number);
	return number <= COMPONENT_VALUES_MAX && range_holds(r, view_of_string(digits));
}

static bool
is_literal(struct view pattern)
{
	for (size_t i = 0; i < pattern.size; i++)
		if (pattern.data[i] == '*' || pattern.data[i] == '?' || pattern.data[i] == '\\')
			return false;
	return true;
}

static bool
takes_everything(struct view pattern)
{
	bool all = pattern.size > 0;

	for (size_t i = 0; i < pattern.size; i++)
		all = all && pattern.data[i] == '*';
	return all;
}
