/*
 * Of facts that tell of all threads and processes at once: a demand that one of them meets says
 * nothing of the others, and there are more values than whoever thinks of one process expects.
 */
#include <stdio.h>
#include <string.h>

#include "policy/advice/advising.h"
#include "proto/evidence/redacted.h"
#include "proto/glob.h"

/* Real, effective, saved, file system: of each list that a thread has (PROTOCOL.md, section 4). */
#define IDS       4
#define LISTS_MAX 256 /* different ones of a fact */

static void advise_ids(const struct advising *a, const char *key, const struct fact_demand *d);
static void advise_one_thread(const struct advising *a, const char *key,
    const struct fact_rule *rule, const struct fact_demand *d);
static bool is_of_threads(struct view name);
static bool is_ids(struct view name);
static bool looks_at_all(const struct fact_rule *rule, struct view name);
static bool demands_agreement(const struct fact_rule *rule);
static void advise_variables(const struct advising *a, const char *key,
    const struct fact_rule *rule, const struct fact_demand *d);
static bool is_literal(struct view pattern);
static bool refuses_others(const struct fact_rule *rule, struct view value, struct view variable);

void
advise_shared(const struct advising *a, const char *key, const struct fact_rule *rule,
    const struct fact_demand *d)
{
	if (is_ids(d->name) && !d->where.said)
		advise_ids(a, key, d);
	if (is_of_threads(d->name) && d->require.count > 0)
		advise_one_thread(a, key, rule, d);
	if (view_equal(d->name, VIEW_LITERAL("environment")) && d->word == 0)
		advise_variables(a, key, rule, d);
}

static void
advise_ids(const struct advising *a, const char *key, const struct fact_demand *d)
{
	const struct view name = d->name;
	const char *mend = "\"allow\" says of all of them what they may be: allow: [\"33\"]";
	bool any = d->count.limit_count == 0;
	char digits[24];

	if (d->equals.said && (d->equals.count == 0 || d->equals.count % IDS != 0)) {
		advise(a, key,
		    "\"equals\" has %zu value%s, and \"%.*s\" has four, the real, effective, saved "
		    "and file system's id: the workload can never be affirming",
		    d->equals.count, d->equals.count == 1 ? "" : "s", view_precision(name),
		    (const char *)name.data);
		advices_mend(a->to, "%s", mend);
	}
	for (int count = IDS; !any && count <= IDS * LISTS_MAX; count += IDS) {
		(void)snprintf(digits, sizeof(digits), "%d", count);
		any = range_holds(&d->count, view_of_string(digits));
	}
	if (any || !range_can_hold(&d->count))
		return; /* of which something else is said */
	advise(a, key,
	    "\"%.*s\" has four values, the real, effective, saved and file system's id, and four "
	    "more where a thread has others: their number is never \"%.*s\", and the workload "
	    "never affirming",
	    view_precision(name), (const char *)name.data, view_precision(d->count.text),
	    (const char *)d->count.text.data);
	advices_mend(a->to, "%s", mend);
}

/* Where threads have different values, all of these are there, and one is enough for `require`. */
static void
advise_one_thread(const struct advising *a, const char *key, const struct fact_rule *rule,
    const struct fact_demand *d)
{
	const struct view one = d->require.pattern[0];

	if (looks_at_all(rule, d->name) || (demands_agreement(rule) && !is_ids(d->name)))
		return;
	advise(a, key,
	    "\"require\" is met as soon as one thread of one process has \"%.*s\" for \"%.*s\": "
	    "the workload is affirming whatever all others have",
	    view_precision(one), (const char *)one.data, view_precision(d->name),
	    (const char *)d->name.data);
	advices_mend(a->to, "say \"allow\" in place of \"require\": it is of all of them");
}

static bool
is_of_threads(struct view name)
{
	static const char *const names[] = {"capabilities_*", "cwd", "gid", "namespace_*",
	    "no_new_privs", "root", "seccomp", "tracer", "uid"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (glob_match(view_of_string(names[i]), name, GLOB_TEXT))
			return true;
	return false;
}

static bool
is_ids(struct view name)
{
	return view_equal(name, VIEW_LITERAL("uid")) || view_equal(name, VIEW_LITERAL("gid"));
}

/* A demand of this fact is of every value that it has. */
static bool
looks_at_all(const struct fact_rule *rule, struct view name)
{
	for (size_t i = 0; i < rule->fact_count; i++) {
		const struct fact_demand *d = &rule->facts[i];

		if (view_equal(d->name, name) && !d->where.said &&
		    (d->equals.said || d->allow.said || d->number.limit_count > 0))
			return true;
	}
	return false;
}

/* That no two threads differ. */
static bool
demands_agreement(const struct fact_rule *rule)
{
	for (size_t i = 0; i < rule->fact_count; i++) {
		const struct fact_demand *d = &rule->facts[i];

		if (view_equal(d->name, VIEW_LITERAL("threads_differ")) && d->equals.said &&
		    d->equals.count == 0)
			return true;
	}
	return false;
}

/* A variable may stand there twice, and programs take the first; a worker may have its own. */
static void
advise_variables(const struct advising *a, const char *key, const struct fact_rule *rule,
    const struct fact_demand *d)
{
	for (size_t i = 0; i < d->require.count; i++) {
		const struct view value = d->require.pattern[i];
		const uint8_t *equal = memchr(value.data, '=', value.size);
		struct view variable;

		if (equal == NULL || redacted_is_alike(value))
			continue;
		variable = (struct view){value.data, (size_t)(equal - value.data)};
		if (!is_literal(variable) || refuses_others(rule, value, variable))
			continue;
		advise(a, key,
		    "\"require\" is met by one \"%.*s\": a second \"%.*s=...\" beside it, which "
		    "programs may take, or that of a worker, is not seen",
		    view_precision(value), (const char *)value.data, view_precision(variable),
		    (const char *)variable.data);
		advices_mend(a->to,
		    "say that it is all there is: {name: environment, where: \"%.*s=*\", equals: "
		    "[\"%.*s\"]}",
		    view_precision(variable), (const char *)variable.data, view_precision(value),
		    (const char *)value.data);
	}
}

static bool
is_literal(struct view pattern)
{
	return memchr(pattern.data, '*', pattern.size) == NULL &&
	       memchr(pattern.data, '?', pattern.size) == NULL &&
	       memchr(pattern.data, '\\', pattern.size) == NULL;
}

/* Some demand is of all values, or of all that this variable has. */
static bool
refuses_others(const struct fact_rule *rule, struct view value, struct view variable)
{
	char other[COMPONENT_PATH_MAX];
	const int size = snprintf(
	    other, sizeof(other), "%.*s=", view_precision(variable), (const char *)variable.data);

	for (size_t i = 0; i < rule->fact_count; i++) {
		const struct fact_demand *d = &rule->facts[i];

		if (!view_equal(d->name, VIEW_LITERAL("environment")) || d->word > 0 ||
		    (!d->equals.said && !d->allow.said && !d->deny.said))
			continue;
		if (!d->where.said && (d->equals.said || d->allow.said))
			return true;
		/* One of this variable with another value is looked at, or refused. */
		for (size_t w = 0; w < d->where.count; w++)
			if (size > 0 &&
			    glob_match(d->where.pattern[w],
				(struct view){(const uint8_t *)other, (size_t)size}, GLOB_TEXT) &&
			    glob_match(d->where.pattern[w], value, GLOB_TEXT))
				return true;
	}
	return false;
}
