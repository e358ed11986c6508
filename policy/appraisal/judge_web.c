/*
 * What a page has against the lists of its rule: each value that was measured has to be in one of
 * them, and each thing that all of them have has to be there. A value begins with the page's name
 * and what it is about (a URL, a digest, a header's name): these two words are its key.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/appraisal/judge.h"
#include "proto/evidence/redacted.h"
#include "proto/glob.h"

struct thing {
	struct view fact, key;
};

static void judge_value(
    struct verdict_builder *b, const struct fact_rule *rule, struct view fact, struct view value);
static bool is_listed(const struct fact_rule *rule, struct view fact, struct view value);
static bool is_allowed(const struct fact_rule *rule, struct view fact, struct view value);
static bool is_known(const struct fact_rule *rule, struct view fact, struct view key);
static bool has_key(const struct package_list *l, struct view fact, struct view key);
static void judge_missing(
    struct verdict_builder *b, const struct fact_rule *rule, const struct component *c);
static bool all_have(const struct fact_rule *rule, struct view fact, struct view key);
static struct thing *gather(const struct component *c, size_t *count);
static struct view key_of(struct view value);
static bool is_header(struct view fact);
static int thing_compare(const void *a, const void *b);

void
judge_web(struct verdict_builder *b, const struct policy_rule *whole, const struct component *c)
{
	const struct fact_rule *rule = whole->facts[c->kind];
	size_t values = 0;

	if (rule->list_count == 0)
		return;
	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_fact *f = &c->items.facts[i];

		values += f->value_count;
		for (size_t v = 0; v < f->value_count; v++)
			judge_value(b, rule, f->name, f->values[v]);
	}
	if (values == 0)
		(void)verdict_find(b, FINDING_EMPTY, whole->missing, (struct view){NULL, 0});
	else
		judge_missing(b, rule, c);
}

static void
judge_value(
    struct verdict_builder *b, const struct fact_rule *rule, struct view fact, struct view value)
{
	const struct view key = key_of(value);
	enum web_difference difference;
	enum finding finding;
	struct buf *detail;

	if (is_listed(rule, fact, value) || is_allowed(rule, fact, value))
		return;
	if (is_known(rule, fact, key)) {
		difference = is_header(fact) ? WEB_CHANGED_HEADER : WEB_CHANGED_SCRIPT;
		finding = is_header(fact) ? FINDING_CHANGED_HEADER : FINDING_CHANGED_SCRIPT;
	} else {
		difference = is_header(fact) ? WEB_UNKNOWN_HEADER : WEB_UNKNOWN_SCRIPT;
		finding = is_header(fact) ? FINDING_UNKNOWN_HEADER : FINDING_UNKNOWN_SCRIPT;
	}
	if ((detail = verdict_find(b, finding, rule->web[difference], key)) == NULL)
		return;
	buf_append_view(detail, fact);
	buf_append_string(detail, " in no list");
	judge_append_found(detail, value, 0);
}

static bool
is_listed(const struct fact_rule *rule, struct view fact, struct view value)
{
	for (size_t i = 0; i < rule->list_count; i++)
		if (package_list_has(rule->lists[i]->list, fact, value))
			return true;
	return false;
}

/* As a line of a list. */
static bool
is_allowed(const struct fact_rule *rule, struct view fact, struct view value)
{
	struct buf line = BUF_INIT;
	bool allowed = false;

	/* No pattern says anything of a hidden value. */
	if (rule->allow.count == 0 || redacted_is(value))
		return false;
	buf_append_view(&line, fact);
	buf_append_byte(&line, ' ');
	buf_append_view(&line, value);
	for (size_t i = 0; !line.failed && !allowed && i < rule->allow.count; i++)
		allowed = glob_match(rule->allow.pattern[i], buf_view(&line), GLOB_TEXT);
	buf_free(&line);
	return allowed;
}

static bool
is_known(const struct fact_rule *rule, struct view fact, struct view key)
{
	for (size_t i = 0; i < rule->list_count; i++)
		if (has_key(rule->lists[i]->list, fact, key))
			return true;
	return false;
}

/* One word is all that a value has: what more words begin with is something else. */
static bool
has_key(const struct package_list *l, struct view fact, struct view key)
{
	return key.size > 0 && memchr(key.data, ' ', key.size) != NULL
		   ? package_list_has_key(l, fact, key)
		   : package_list_has(l, fact, key);
}

/* With an older and a newer list, what only one of them has is not missed. */
static void
judge_missing(struct verdict_builder *b, const struct fact_rule *rule, const struct component *c)
{
	const struct package_list *first = rule->lists[0]->list;
	size_t count;
	struct thing *there = gather(c, &count), last = {.fact = {NULL, 0}};

	for (size_t i = 0; i < package_list_count(first); i++) {
		struct view value;
		struct thing t;

		package_list_at(first, i, &t.fact, &value);
		t.key = key_of(value);
		if (i > 0 && thing_compare(&last, &t) == 0)
			continue;
		last = t;
		if (!all_have(rule, t.fact, t.key) ||
		    bsearch(&t, there, count, sizeof(t), thing_compare) != NULL)
			continue;
		if (is_header(t.fact))
			(void)verdict_find(
			    b, FINDING_MISSING_HEADER, rule->web[WEB_MISSING_HEADER], t.key);
		else
			(void)verdict_find(
			    b, FINDING_MISSING_SCRIPT, rule->web[WEB_MISSING_SCRIPT], t.key);
	}
	free(there);
}

static bool
all_have(const struct fact_rule *rule, struct view fact, struct view key)
{
	for (size_t i = 1; i < rule->list_count; i++)
		if (!has_key(rule->lists[i]->list, fact, key))
			return false;
	return true;
}

/* What was measured, sorted. */
static struct thing *
gather(const struct component *c, size_t *count)
{
	struct thing *things;
	size_t all = 0, at = 0;

	for (size_t i = 0; i < c->item_count; i++)
		all += c->items.facts[i].value_count;
	if ((things = calloc(all + 1, sizeof(*things))) == NULL)
		abort();
	for (size_t i = 0; i < c->item_count; i++)
		for (size_t v = 0; v < c->items.facts[i].value_count; v++)
			things[at++] = (struct thing){
			    c->items.facts[i].name, key_of(c->items.facts[i].values[v])};
	qsort(things, all, sizeof(*things), thing_compare);
	*count = all;
	return things;
}

/* Up to the second space. */
static struct view
key_of(struct view value)
{
	unsigned spaces = 0;

	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] == ' ' && ++spaces == 2)
			return (struct view){value.data, i};
	return value;
}

/* Cookies are set by one. */
static bool
is_header(struct view fact)
{
	return view_equal(fact, VIEW_LITERAL("header")) || view_equal(fact, VIEW_LITERAL("cookie"));
}

static int
thing_compare(const void *a, const void *b)
{
	const struct thing *x = a, *y = b;
	const int by_fact = view_compare(x->fact, y->fact);

	return by_fact != 0 ? by_fact : view_compare(x->key, y->key);
}
