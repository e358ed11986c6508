/*
 * What a collector says that it could not measure. Whoever says so of a component gets no better
 * verdict by it than the policy accepts by name, whatever else stands there.
 */
#include <string.h>

#include "policy/appraisal/judge.h"

static const struct component_fact *fact_with_values(const struct component *c, struct view name);
static const struct view *first_value(const struct component *c, struct view name);
static void find_whole(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);
static void find_kind(struct verdict_builder *b, const struct policy_rule *rule,
    const struct component *c, struct view value);
static enum report_status outcome_of(const struct policy_rule *rule, bool required);
static bool requires_any(const struct policy_rule *rule);
static void append_since(struct buf *to, const struct component *c);
static void append_value(struct buf *to, const struct view *value);

void
judge_unmeasured(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	const struct component_fact *missing = fact_with_values(c, VIEW_LITERAL("missing"));

	if (missing == NULL)
		find_whole(b, rule, c);
	else
		for (size_t v = 0; v < missing->value_count; v++)
			find_kind(b, rule, c, missing->values[v]);
}

/* All kinds lack. */
static void
find_whole(struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	const struct view *reason = first_value(c, VIEW_LITERAL("reason"));
	const struct view *budget = first_value(c, VIEW_LITERAL("budget"));
	struct buf *detail = verdict_find(b, FINDING_UNMEASURED,
	    outcome_of(rule, requires_any(rule)), reason != NULL ? *reason : VIEW_LITERAL(""));

	b->unmeasured = UINT16_MAX;
	if (detail == NULL)
		return;
	append_value(detail, reason);
	if (budget != NULL) {
		buf_append_byte(detail, ' ');
		buf_append_view(detail, *budget);
	}
	append_since(detail, c);
}

/* `value`: the kind, a space, why. A kind that is not known here is as one that is required. */
static void
find_kind(struct verdict_builder *b, const struct policy_rule *rule, const struct component *c,
    struct view value)
{
	const uint8_t *space = value.size > 0 ? memchr(value.data, ' ', value.size) : NULL;
	const size_t size = space != NULL ? (size_t)(space - value.data) : value.size;
	const struct view name = {value.data, size};
	struct view why = {NULL, 0};
	enum component_kind kind;
	bool required = true;
	struct buf *detail;

	if (space != NULL)
		why = (struct view){space + 1, value.size - size - 1};
	if (component_kind_from_name(name, &kind) == ERR_OK) {
		b->unmeasured = (uint16_t)(b->unmeasured | 1U << kind);
		required = rule->require[kind];
	}
	detail = verdict_find(b, FINDING_UNMEASURED, outcome_of(rule, required), name);
	if (detail == NULL)
		return;
	append_value(detail, &why);
	append_since(detail, c);
}

/* What nobody demands is no worse than a rule that is skipped for it. */
static enum report_status
outcome_of(const struct policy_rule *rule, bool required)
{
	return !required &&
		       report_status_rank(rule->unmeasured) > report_status_rank(REPORT_WARNING)
		   ? REPORT_WARNING
		   : rule->unmeasured;
}

static bool
requires_any(const struct policy_rule *rule)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (rule->require[k])
			return true;
	return false;
}

/* NULL if there is none. */
static const struct component_fact *
fact_with_values(const struct component *c, struct view name)
{
	for (size_t i = 0; i < c->item_count; i++)
		if (view_equal(c->items.facts[i].name, name) && c->items.facts[i].value_count > 0)
			return &c->items.facts[i];
	return NULL;
}

/* NULL if there is none. */
static const struct view *
first_value(const struct component *c, struct view name)
{
	const struct component_fact *f = fact_with_values(c, name);

	return f != NULL ? &f->values[0] : NULL;
}

static void
append_since(struct buf *to, const struct component *c)
{
	buf_append_string(to, ", since ");
	append_value(to, first_value(c, VIEW_LITERAL("since")));
}

static void
append_value(struct buf *to, const struct view *value)
{
	if (value != NULL && value->size > 0)
		buf_append_view(to, *value);
	else
		buf_append_byte(to, '?');
}
