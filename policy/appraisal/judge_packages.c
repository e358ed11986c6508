/*
 * Packages against the lists of their rule: each that was measured has to be in one of them.
 */
#include "policy/appraisal/judge.h"

static bool has_value(const struct component *c);
static bool is_listed(const struct fact_rule *rule, struct view fact, struct view value);

void
judge_packages(
    struct verdict_builder *b, const struct policy_rule *whole, const struct component *c)
{
	const struct fact_rule *rule = whole->facts[c->kind];

	if (rule->list_count > 0 && !has_value(c))
		(void)verdict_find(b, FINDING_EMPTY, whole->missing, (struct view){NULL, 0});
	for (size_t i = 0; rule->list_count > 0 && i < c->item_count; i++) {
		const struct component_fact *f = &c->items.facts[i];

		for (size_t v = 0; v < f->value_count; v++) {
			struct buf *detail;

			if (is_listed(rule, f->name, f->values[v]))
				continue;
			detail = verdict_find(b, FINDING_UNLISTED, rule->unlisted, f->name);
			if (detail == NULL)
				continue;
			buf_append_string(detail, "in no package list");
			judge_append_found(detail, f->values[v], 0);
		}
	}
}

/* Where there is no package, none was looked at, and of none is nothing wrong. */
static bool
has_value(const struct component *c)
{
	for (size_t i = 0; i < c->item_count; i++)
		if (c->items.facts[i].value_count > 0)
			return true;
	return false;
}

static bool
is_listed(const struct fact_rule *rule, struct view fact, struct view value)
{
	for (size_t i = 0; i < rule->list_count; i++)
		if (package_list_has(rule->lists[i]->list, fact, value))
			return true;
	return false;
}
