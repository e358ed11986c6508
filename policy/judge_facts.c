/*
 * Facts against patterns. Both are sorted by name.
 */
#include <string.h>

#include "policy/judge.h"
#include "proto/glob.h"
#include "proto/text.h"

#define SHOWN_MAX 96 /* bytes of a value, and of the patterns, in a detail of 256 */

static void judge_one(struct verdict_builder *b, enum report_status outcome,
    const struct fact_pattern *p, const struct component_fact *f);
static bool allowed(const struct fact_pattern *p, struct view value);
static void detail_unmatched(
    struct buf *to, const struct fact_pattern *p, struct view value, size_t more);
static void append_end(struct buf *to, size_t begun);

void
judge_facts(struct verdict_builder *b, const struct fact_rule *rule, const struct component *c)
{
	size_t at = 0;

	for (size_t i = 0; i < rule->fact_count; i++) {
		const struct fact_pattern *p = &rule->facts[i];

		while (at < c->item_count && view_compare(c->items.facts[at].name, p->name) < 0)
			at++;
		if (at < c->item_count && view_equal(c->items.facts[at].name, p->name))
			judge_one(b, rule->unmatched, p, &c->items.facts[at]);
		else if (!p->implied)
			(void)verdict_find(b, FINDING_ABSENT, rule->unmatched, p->name);
	}
}

/* One finding for a fact: its first value that is not allowed. No value counts as an empty one. */
static void
judge_one(struct verdict_builder *b, enum report_status outcome, const struct fact_pattern *p,
    const struct component_fact *f)
{
	static const struct view empty = {(const uint8_t *)"", 0};
	const size_t count = f->value_count > 0 ? f->value_count : 1;
	const struct view *values = f->value_count > 0 ? f->values : &empty;
	size_t bad = 0, first = 0;
	struct buf *detail;

	for (size_t i = 0; i < count; i++) {
		if (allowed(p, values[i]))
			continue;
		if (bad++ == 0)
			first = i;
	}
	if (bad == 0)
		return;
	detail = verdict_find(b, FINDING_UNMATCHED, outcome, f->name);
	if (detail != NULL)
		detail_unmatched(detail, p, values[first], bad - 1);
}

static bool
allowed(const struct fact_pattern *p, struct view value)
{
	for (size_t i = 0; i < p->allow_count; i++)
		if (glob_match(p->allow[i], value, GLOB_TEXT))
			return true;
	return false;
}

static void
detail_unmatched(struct buf *to, const struct fact_pattern *p, struct view value, size_t more)
{
	size_t begun;

	buf_append_string(to, "expected ");
	begun = to->size;
	for (size_t i = 0; i < p->allow_count && to->size - begun <= SHOWN_MAX; i++) {
		buf_append_string(to, i > 0 ? " or \"" : "\"");
		buf_append_view(to, p->allow[i]);
		buf_append_byte(to, '"');
	}
	append_end(to, begun);
	buf_append_string(to, ", found \"");
	begun = to->size;
	buf_append_view(to, value);
	append_end(to, begun);
	buf_append_byte(to, '"');
	if (more > 0)
		buf_append_format(to, " and %zu more", more);
}

/* What was appended since `begun` is cut if it is long. */
static void
append_end(struct buf *to, size_t begun)
{
	if (to->failed || to->size - begun <= SHOWN_MAX)
		return;
	to->size = begun + SHOWN_MAX;
	buf_append_string(to, "...");
}
