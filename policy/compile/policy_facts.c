#include "policy/compile/policy_facts.h"

#include <stdlib.h>
#include <string.h>

#include "policy/compile/policy_image.h"
#include "policy/compile/policy_lists.h"
#include "policy/compile/policy_web.h"
#include "proto/evidence/component_items.h"
#include "proto/evidence/redacted.h"

/* Where in the file a demand is being put together. */
struct place {
	struct draft *draft;
	const char *rule; /* its key */
	size_t index;     /* in `facts` */
	bool word;        /* of values only words are looked at */
	char key[DRAFT_KEY_MAX];
};

static void take_demand(struct place *p, const struct raw_fact *raw, enum raw_outcome unmatched,
    struct fact_demand *to);
static void take_name(struct place *p, const struct raw_fact *raw, struct fact_demand *to);
static void take_where(struct place *p, const struct raw_fact *raw, struct fact_demand *to);
static struct patterns take_patterns(
    struct place *p, const char *name, char *const *from, size_t count);
static void check_redacted(struct place *p, struct view pattern);
static struct range take_range(
    struct place *p, const char *name, enum range_order order, const char *from);
static void check_conditions(struct place *p, const struct fact_demand *d);
static void check_joined(
    struct place *p, const struct fact_demand *before, size_t count, const struct fact_demand *d);
static void check_listed(struct place *p);
static bool same_where(const struct fact_demand *a, const struct fact_demand *b);
static void imply_namespace(struct fact_demand *facts, size_t *count, enum report_status unmatched);
static int compare(const void *a, const void *b);
static const char *key_of(struct place *p, const char *name);

const struct fact_rule *
policy_facts_compile(
    struct draft *d, const char *key, enum component_kind kind, const struct raw_fact_rule *raw)
{
	struct fact_rule *r = draft_memory(d->policy, 1, sizeof(*r));
	struct fact_demand *facts =
	    draft_memory(d->policy, raw->facts_count + POLICY_IMAGE_FACTS, sizeof(*facts));

	for (size_t i = 0; i < raw->facts_count; i++) {
		struct place p = {.draft = d, .rule = key, .index = i};

		take_demand(&p, &raw->facts[i], raw->unmatched, &facts[i]);
		check_joined(&p, facts, i, &facts[i]);
		if (kind == COMPONENT_PACKAGES)
			check_listed(&p);
	}
	r->facts = facts;
	r->fact_count = raw->facts_count;
	if (kind == COMPONENT_PACKAGES || kind == COMPONENT_WEB)
		policy_lists_compile(d, key, raw, r);
	if (kind == COMPONENT_WEB)
		policy_web_compile(d, key, raw, r);
	if (kind == COMPONENT_IMAGE)
		policy_image_compile(d, key, raw, facts, &r->fact_count);
	if (kind == COMPONENT_RUNTIME)
		imply_namespace(facts, &r->fact_count, draft_outcome(raw->unmatched));
	qsort(facts, r->fact_count, sizeof(*facts), compare);
	return r;
}

static void
take_demand(
    struct place *p, const struct raw_fact *raw, enum raw_outcome unmatched, struct fact_demand *to)
{
	*to = (struct fact_demand){.place = p->index};
	take_name(p, raw, to);
	take_where(p, raw, to);
	p->word = to->word > 0;
	to->equals = take_patterns(p, ".equals", raw->equals, raw->equals_count);
	to->require = take_patterns(p, ".require", raw->require, raw->require_count);
	to->allow = take_patterns(p, ".allow", raw->allow, raw->allow_count);
	to->deny = take_patterns(p, ".deny", raw->deny, raw->deny_count);
	to->count = take_range(p, ".count", RANGE_NUMBER, raw->count);
	to->number = take_range(p, ".number", RANGE_NUMBER, raw->number);
	to->version = take_range(p, ".version", RANGE_VERSION, raw->version);
	to->date = take_range(p, ".date", RANGE_DATE, raw->date);
	to->unmatched =
	    draft_outcome(raw->unmatched != RAW_OUTCOME_UNSAID ? raw->unmatched : unmatched);
	check_conditions(p, to);
}

static void
take_name(struct place *p, const struct raw_fact *raw, struct fact_demand *to)
{
	if (raw->name == NULL)
		return; /* a fault already */
	to->name = view_of_string(raw->name);
	if (component_fact_name_check(to->name) != ERR_OK)
		draft_fault(p->draft, key_of(p, ""),
		    "\"%s\": a fact's name is printable ASCII without space, found \"%s\"", p->key,
		    raw->name);
}

static void
take_where(struct place *p, const struct raw_fact *raw, struct fact_demand *to)
{
	if (raw->where != NULL)
		to->where = take_patterns(p, ".where", &raw->where, 1);
	to->word = raw->word;
	if (yaml_file_has(p->draft->policy->yaml, key_of(p, ".word")) &&
	    (raw->word == 0 || raw->word > POLICY_WORDS_MAX))
		draft_fault(p->draft, p->key,
		    "\"%s\" must be 1 to %d, the first to the last word of a value; found %u",
		    p->key, POLICY_WORDS_MAX, raw->word);
}

static struct patterns
take_patterns(struct place *p, const char *name, char *const *from, size_t count)
{
	struct patterns to = {
	    .said = yaml_file_has(p->draft->policy->yaml, key_of(p, name)), .count = count};
	struct view *pattern = draft_memory(p->draft->policy, count, sizeof(*pattern));

	for (size_t i = 0; i < count; i++) {
		pattern[i] = draft_pattern(p->draft, p->key, from[i]);
		check_redacted(p, pattern[i]);
	}
	to.pattern = pattern;
	return to;
}

/* What is hidden is compared as it stands: nobody is to believe that a part of it can be. */
static void
check_redacted(struct place *p, struct view pattern)
{
	const size_t prefix = sizeof(REDACTED_PREFIX) - 1;

	if (redacted_is_alike(pattern) && !redacted_is(pattern) &&
	    (pattern.size == prefix || pattern.data[prefix] != ':'))
		draft_fault(p->draft, p->key,
		    "\"%s\" has \"%.*s\", which is no hidden value, and of such there are no "
		    "patterns: `hallmark-collector redact` makes them; an honest value has another "
		    "\":\" there",
		    p->key, view_precision(pattern), (const char *)pattern.data);
	if (p->word && redacted_is(pattern))
		draft_fault(p->draft, p->key,
		    "\"%s\" has a hidden value, but \"word\" is of values that can be read",
		    p->key);
}

static struct range
take_range(struct place *p, const char *name, enum range_order order, const char *from)
{
	static const char *const examples[] = {
	    [RANGE_NUMBER] =
		"\">= 1, <= 64\" or \"<= 64 MiB\", where both limits have units of one "
		"kind (B kB MB GB TB; B KiB MiB GiB TiB; ns us ms s min h d; %) or none",
	    [RANGE_VERSION] = "\">= 3.0.15-1\" or \">= 6.1, < 6.2\"",
	    [RANGE_DATE] = "\">= 2026-11-30\"",
	};
	struct range range = {.order = order};

	if (from != NULL && range_parse(order, view_of_string(from), &range) != ERR_OK)
		draft_fault(p->draft, key_of(p, name),
		    "\"%s\": expected one or two limits, each with <, <=, >, >= or =, such as %s; "
		    "found \"%s\"",
		    p->key, examples[order], from);
	return range;
}

static void
check_conditions(struct place *p, const struct fact_demand *d)
{
	static const char *const names[] = {
	    ".equals", ".require", ".allow", ".deny", ".count", ".number", ".version", ".date"};
	bool any = false;

	/* One that was faulty is there all the same. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		any = any || yaml_file_line(p->draft->policy->yaml, key_of(p, names[i])) > 0;
	if (!any)
		draft_fault(p->draft, key_of(p, ""),
		    "\"%s\" demands nothing of \"%.*s\": add equals, require, allow, deny, count, "
		    "number, version or date",
		    p->key, view_precision(d->name), (const char *)d->name.data);
}

/* Two lists of what is allowed would both have to hold, which is not what anybody means. */
static void
check_joined(
    struct place *p, const struct fact_demand *before, size_t count, const struct fact_demand *d)
{
	for (size_t i = 0; i < count && d->name.size > 0; i++)
		if (before[i].name.size > 0 && view_equal(before[i].name, d->name) &&
		    before[i].allow.said && d->allow.said && same_where(&before[i], d))
			draft_fault(p->draft, key_of(p, ""),
			    "\"%s\" allows values of \"%.*s\" again; join the patterns", p->key,
			    view_precision(d->name), (const char *)d->name.data);
}

/* A host has hundreds of packages: what all of them may be stands in a file. */
static void
check_listed(struct place *p)
{
	static const char *const names[] = {".equals", ".require", ".allow", ".deny"};
	char behind[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(behind, sizeof(behind), "%s[%d]", names[i], POLICY_ALLOW_MAX);
		if (yaml_file_line(p->draft->policy->yaml, key_of(p, behind)) > 0)
			draft_fault(p->draft, key_of(p, names[i]),
			    "\"%s\" has more packages than a rule takes: put them into a file, a "
			    "line each with the name of the fact and the value, name it under "
			    "\"package_lists\" at the top, and that in \"lists\" of \"packages\"",
			    p->key);
	}
}

static bool
same_where(const struct fact_demand *a, const struct fact_demand *b)
{
	if (a->word != b->word || a->where.said != b->where.said)
		return false;
	return !a->where.said || view_equal(a->where.pattern[0], b->where.pattern[0]);
}

/*
 * What a process in a mount namespace of any user's making sees is what that user wants: accepted
 * only by name.
 */
static void
imply_namespace(struct fact_demand *facts, size_t *count, enum report_status unmatched)
{
	static const struct view trusted[] = {VIEW_LITERAL("host"), VIEW_LITERAL("own")};
	const struct view name = VIEW_LITERAL("namespace_mount");

	for (size_t i = 0; i < *count; i++)
		if (facts[i].name.size > 0 && view_equal(facts[i].name, name))
			return;
	facts[*count] = (struct fact_demand){.name = name,
	    .implied = true,
	    .place = *count,
	    .allow = {.said = true, .count = 2, .pattern = trusted},
	    .unmatched = unmatched};
	(*count)++;
}

static int
compare(const void *a, const void *b)
{
	const struct fact_demand *x = a, *y = b;
	const int by_name = view_compare(x->name, y->name);

	return by_name != 0 ? by_name : x->place < y->place ? -1 : x->place > y->place;
}

static const char *
key_of(struct place *p, const char *name)
{
	snprintf(p->key, sizeof(p->key), "%s.facts[%zu]%s", p->rule, p->index, name);
	return p->key;
}
