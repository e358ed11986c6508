/*
 * Facts against what is demanded of them. Both are sorted by name.
 */
#include <string.h>

#include "policy/appraisal/judge.h"
#include "proto/evidence/redacted.h"
#include "proto/glob.h"
#include "proto/text.h"

#define SHOWN_MAX 96 /* bytes of a value, and of the patterns, in a detail of 256 */

/* The values of a fact that a demand looks at. */
struct looked_at {
	const struct fact_demand *demand;
	const struct component_fact *fact;
	size_t count;
};

/* Whether the condition holds; if not, and `to` is not NULL, says why. */
typedef bool condition(const struct looked_at *l, struct buf *to);

static void judge_one(
    struct verdict_builder *b, const struct fact_demand *d, const struct component_fact *f);
static bool judge_redacted(struct verdict_builder *b, const struct fact_rule *rule,
    const struct fact_demand *d, const struct component_fact *f);
static bool names(const struct fact_rule *rule, struct view fact, struct view value, bool *key);
static bool matches(struct view pattern, struct view value);
static condition equals, require, allow, deny, count, number, version, date;
static bool allowed(const struct fact_demand *d, struct view value);
static bool within(const struct looked_at *l, const struct range *range, struct buf *to);
static bool next(const struct looked_at *l, size_t *at, struct view *value);
static struct view word_of(struct view value, uint32_t word);
static bool matches_any(const struct patterns *p, struct view value, size_t *which);
static void append_expected(
    struct buf *to, const char *what, const char *between, const struct patterns *p);
static void append_cut(struct buf *to, struct view v);
static void append_end(struct buf *to, size_t begun);

/* In this order the first that does not hold is told. */
static condition *const conditions[] = {equals, require, allow, deny, count, number, version, date};

static const struct view no_text = {(const uint8_t *)"", 0};

void
judge_facts(struct verdict_builder *b, const struct fact_rule *rule, const struct component *c)
{
	size_t at = 0;

	for (size_t i = 0; i < rule->fact_count; i++) {
		const struct fact_demand *d = &rule->facts[i];

		while (at < c->item_count && view_compare(c->items.facts[at].name, d->name) < 0)
			at++;
		if (at == c->item_count || !view_equal(c->items.facts[at].name, d->name)) {
			if (!d->implied)
				(void)verdict_find(b, FINDING_ABSENT, d->unmatched, d->name);
		} else if (!judge_redacted(b, rule, d, &c->items.facts[at])) {
			judge_one(b, d, &c->items.facts[at]);
		}
	}
}

/* One finding for a demand. */
static void
judge_one(struct verdict_builder *b, const struct fact_demand *d, const struct component_fact *f)
{
	struct looked_at l = {.demand = d, .fact = f};
	struct buf *detail;
	struct view value;

	for (size_t at = 0; next(&l, &at, &value);)
		l.count++;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (conditions[i](&l, NULL))
			continue;
		detail = verdict_find(b, FINDING_UNMATCHED, d->unmatched, f->name);
		if (detail != NULL)
			(void)conditions[i](&l, detail);
		return;
	}
}

/*
 * No pattern says anything of a hidden value, and no range: whether it is among those that a demand
 * looks at, or denies, cannot be told. Unless the policy names it, and so knows what it is, it is a
 * finding. What only has to be there is not asked what else is. True: that is all that is said.
 */
static bool
judge_redacted(struct verdict_builder *b, const struct fact_rule *rule, const struct fact_demand *d,
    const struct component_fact *f)
{
	const bool looks_at_each = d->where.said || d->equals.said || d->allow.said ||
				   d->deny.said || d->number.limit_count > 0 ||
				   d->version.limit_count > 0 || d->date.limit_count > 0;
	bool key = false;
	struct buf *detail;

	for (size_t i = 0; looks_at_each && i < f->value_count; i++) {
		if (!redacted_is(f->values[i]) || names(rule, d->name, f->values[i], &key))
			continue;
		detail = verdict_find(b, FINDING_REDACTED, d->unmatched, f->name);
		if (detail == NULL)
			return true;
		buf_append_string(detail, "expected only hidden values that the policy names");
		judge_append_found(detail, f->values[i], 0);
		if (!key)
			buf_append_string(detail, ", and it names none under its key");
		return true;
	}
	return false;
}

/* Whether a demand on this fact has just this hidden value; `key`: or one under its key. */
static bool
names(const struct fact_rule *rule, struct view fact, struct view value, bool *key)
{
	*key = false;
	for (size_t i = 0; i < rule->fact_count; i++) {
		const struct fact_demand *d = &rule->facts[i];
		const struct patterns *const lists[] = {
		    &d->where, &d->equals, &d->require, &d->allow, &d->deny};

		for (size_t j = 0;
		     view_equal(d->name, fact) && j < sizeof(lists) / sizeof(lists[0]); j++)
			for (size_t k = 0; k < lists[j]->count; k++) {
				const struct view one = lists[j]->pattern[k];

				if (view_equal(one, value))
					return true;
				*key = *key || (redacted_is(one) && view_equal(redacted_key_id(one),
									redacted_key_id(value)));
			}
	}
	return false;
}

/* What is hidden is compared as it stands. */
static bool
matches(struct view pattern, struct view value)
{
	return redacted_is(value) ? view_equal(pattern, value)
				  : glob_match(pattern, value, GLOB_TEXT);
}

static bool
equals(const struct looked_at *l, struct buf *to)
{
	const struct patterns *p = &l->demand->equals;
	size_t at = 0, place = 0;
	struct view value;

	if (!p->said)
		return true;
	while (next(l, &at, &value) && place < p->count && matches(p->pattern[place], value))
		place++;
	if (place == p->count && place == l->count)
		return true;
	if (to == NULL)
		return false;
	append_expected(to, "just ", " ", p);
	if (place < l->count) {
		judge_append_found(to, value, 0);
		buf_append_format(to, " in place %zu", place + 1);
	} else {
		buf_append_format(to, ", found none in place %zu", place + 1);
	}
	return false;
}

static bool
require(const struct looked_at *l, struct buf *to)
{
	const struct patterns *p = &l->demand->require;
	struct patterns lacking = {.said = true, .count = 1};

	for (size_t i = 0; i < p->count; i++) {
		const struct patterns one = {.said = true, .count = 1, .pattern = &p->pattern[i]};
		struct view value;
		size_t at = 0, which;
		bool found = false;

		while (!found && next(l, &at, &value))
			found = matches_any(&one, value, &which);
		if (found)
			continue;
		if (to != NULL) {
			lacking.pattern = one.pattern;
			append_expected(to, "a value ", "", &lacking);
			buf_append_string(to, ", found none");
		}
		return false;
	}
	return true;
}

/* No value counts as an empty one. */
static bool
allow(const struct looked_at *l, struct buf *to)
{
	const struct fact_demand *d = l->demand;
	struct view value, first = no_text;
	size_t bad = 0;

	if (!d->allow.said)
		return true;
	if (l->count == 0 && !allowed(d, no_text))
		bad = 1;
	for (size_t at = 0; next(l, &at, &value);)
		if (!allowed(d, value) && bad++ == 0)
			first = value;
	if (bad > 0 && to != NULL) {
		append_expected(to, "", " or ", &d->allow);
		judge_append_found(to, first, bad - 1);
	}
	return bad == 0;
}

static bool
deny(const struct looked_at *l, struct buf *to)
{
	struct view value;
	size_t which;

	for (size_t at = 0; next(l, &at, &value);) {
		if (!matches_any(&l->demand->deny, value, &which))
			continue;
		if (to != NULL) {
			buf_append_string(to, "expected no \"");
			append_cut(to, l->demand->deny.pattern[which]);
			buf_append_byte(to, '"');
			judge_append_found(to, value, 0);
		}
		return false;
	}
	return true;
}

static bool
count(const struct looked_at *l, struct buf *to)
{
	const struct range *range = &l->demand->count;
	char digits[24];
	int size;

	if (range->limit_count == 0)
		return true;
	size = snprintf(digits, sizeof(digits), "%zu", l->count);
	if (range_holds(range, (struct view){(const uint8_t *)digits, (size_t)size}))
		return true;
	if (to != NULL) {
		buf_append_string(to, "expected a number of values ");
		append_cut(to, range->text);
		buf_append_format(to, ", found %zu", l->count);
	}
	return false;
}

static bool
number(const struct looked_at *l, struct buf *to)
{
	return within(l, &l->demand->number, to);
}

static bool
version(const struct looked_at *l, struct buf *to)
{
	return within(l, &l->demand->version, to);
}

static bool
date(const struct looked_at *l, struct buf *to)
{
	return within(l, &l->demand->date, to);
}

/* No value counts as an empty one, which is within no range. */
static bool
within(const struct looked_at *l, const struct range *range, struct buf *to)
{
	struct view value, first = no_text;
	size_t bad = 0;

	if (range->limit_count == 0)
		return true;
	if (l->count == 0)
		bad = 1;
	for (size_t at = 0; next(l, &at, &value);)
		if (!range_holds(range, value) && bad++ == 0)
			first = value;
	if (bad > 0 && to != NULL) {
		buf_append_format(to, "expected %s ", range_order_name(range->order));
		append_cut(to, range->text);
		judge_append_found(to, first, bad - 1);
	}
	return bad == 0;
}

static bool
allowed(const struct fact_demand *d, struct view value)
{
	size_t which;

	return matches_any(&d->allow, value, &which);
}

/* From `*at` on; which becomes the place behind it. */
static bool
next(const struct looked_at *l, size_t *at, struct view *value)
{
	const struct fact_demand *d = l->demand;
	size_t which;

	while (*at < l->fact->value_count) {
		const struct view one = l->fact->values[(*at)++];

		if (d->where.said && !matches_any(&d->where, one, &which))
			continue;
		*value = d->word == 0 || redacted_is(one) ? one : word_of(one, d->word);
		return true;
	}
	return false;
}

/* Words have one space between; one that is not there is empty. */
static struct view
word_of(struct view value, uint32_t word)
{
	for (;;) {
		const uint8_t *space = value.size > 0 ? memchr(value.data, ' ', value.size) : NULL;
		const size_t size = space != NULL ? (size_t)(space - value.data) : value.size;

		if (--word == 0)
			return (struct view){value.data, size};
		if (space == NULL)
			return no_text;
		value = (struct view){space + 1, value.size - size - 1};
	}
}

static bool
matches_any(const struct patterns *p, struct view value, size_t *which)
{
	for (*which = 0; *which < p->count; (*which)++)
		if (matches(p->pattern[*which], value))
			return true;
	return false;
}

static void
append_expected(struct buf *to, const char *what, const char *between, const struct patterns *p)
{
	size_t begun;

	buf_append_format(to, "expected %s", what);
	begun = to->size;
	for (size_t i = 0; i < p->count && to->size - begun <= SHOWN_MAX; i++) {
		buf_append_format(to, "%s\"", i > 0 ? between : "");
		buf_append_view(to, p->pattern[i]);
		buf_append_byte(to, '"');
	}
	if (p->count == 0)
		buf_append_string(to, "no value");
	append_end(to, begun);
}

void
judge_append_found(struct buf *to, struct view value, size_t more)
{
	buf_append_string(to, ", found \"");
	append_cut(to, value);
	buf_append_byte(to, '"');
	if (more > 0)
		buf_append_format(to, " and %zu more", more);
}

static void
append_cut(struct buf *to, struct view v)
{
	const size_t begun = to->size;

	buf_append_view(to, v);
	append_end(to, begun);
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
