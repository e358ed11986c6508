#include "policy/policy_compile.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "policy/policy_rules.h"
#include "policy/policy_schema.h"
#include "proto/evidence/bundle.h"
#include "proto/glob.h"
#include "proto/utc.h"

struct seen {
	UT_hash_handle hh;
	const char *pattern;
};

static void compile_references(struct compile *c, policy_reference_read *read, void *context);
static void compile_reference(struct compile *c, size_t index);
static void check_unreachable(struct compile *c);
static void check_shadowed(struct compile *c, size_t index);
static bool covers(const char *wide, const char *narrow);

void
policy_compile(struct policy *p, const char *file, policy_reference_read *read, void *context,
    struct faults *faults)
{
	struct compile c = {p, yaml_file_data(p->yaml), file, faults};
	struct view name = {NULL, 0};

	if (c.raw->name != NULL)
		name = view_of_string(c.raw->name);
	if (name.size > 0 &&
	    (bundle_workload_check(name) != ERR_OK || memchr(name.data, '@', name.size) != NULL))
		compile_fault(&c, "name",
		    "\"name\" must be without white space, \"/\" and \"@\" and not begin with "
		    "\".\"; found \"%s\"",
		    c.raw->name);
	compile_references(&c, read, context);
	p->rule_count = c.raw->workloads_count;
	p->rules = policy_memory(p, p->rule_count, sizeof(*p->rules));
	for (size_t i = 0; i < p->rule_count; i++)
		compile_rule(&c, i);
	check_unreachable(&c);
}

void *
policy_memory(struct policy *p, size_t count, size_t size)
{
	void **grown = realloc(p->owned, (p->owned_count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();
	p->owned = grown;
	if ((p->owned[p->owned_count] = calloc(count > 0 ? count : 1, size)) == NULL)
		abort();
	return p->owned[p->owned_count++];
}

void
compile_fault(struct compile *c, const char *key, const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (size < 0)
		abort();
	faults_add(c->faults, c->file, yaml_file_line(c->policy->yaml, key), "%s", text);
	free(text);
}

static void
compile_references(struct compile *c, policy_reference_read *read, void *context)
{
	struct policy *p = c->policy;
	char key[COMPILE_KEY_MAX];

	p->reference_count = c->raw->references_count;
	p->references = policy_memory(p, p->reference_count, sizeof(*p->references));
	for (size_t i = 0; i < p->reference_count; i++) {
		const struct raw_reference *raw = &c->raw->references[i];
		struct policy_reference *r = &p->references[i];
		char *shown = NULL;

		r->content = BUF_INIT;
		r->name = raw->name;
		compile_reference(c, i);
		if (raw->name == NULL || raw->file == NULL)
			continue;
		snprintf(key, sizeof(key), "references[%zu].file", i);
		if (read(context, i, raw->name, raw->file, yaml_file_line(p->yaml, key), c->faults,
			&r->content, &shown) == ERR_OK &&
		    reference_parse(shown, buf_view(&r->content), c->faults, &r->set) == ERR_OK)
			digest_of(r->content.data, r->content.size, &r->digest);
		free(shown);
	}
}

/* All but the content. */
static void
compile_reference(struct compile *c, size_t index)
{
	const struct raw_reference *raw = &c->raw->references[index];
	struct policy_reference *r = &c->policy->references[index];
	char key[COMPILE_KEY_MAX];

	snprintf(key, sizeof(key), "references[%zu].name", index);
	if (raw->name != NULL && bundle_workload_check(view_of_string(raw->name)) != ERR_OK)
		compile_fault(c, key,
		    "\"%s\" must be without white space and \"/\" and not begin with \".\"; found "
		    "\"%s\"",
		    key, raw->name);
	for (size_t i = 0; i < index && raw->name != NULL; i++)
		if (c->raw->references[i].name != NULL &&
		    strcmp(c->raw->references[i].name, raw->name) == 0)
			compile_fault(
			    c, key, "\"%s\": \"%s\" is the name of two references", key, raw->name);
	snprintf(key, sizeof(key), "references[%zu].until", index);
	if (raw->until != NULL && utc_parse(view_of_string(raw->until), &r->until_s) != ERR_OK)
		compile_fault(c, key,
		    "\"%s\" must be a time in UTC such as 2027-01-31T00:00:00Z, found \"%s\"", key,
		    raw->until);
	r->family = index;
	if (raw->replaces == NULL)
		return;
	for (size_t i = 0; i < index; i++)
		if (c->raw->references[i].name != NULL &&
		    strcmp(c->raw->references[i].name, raw->replaces) == 0)
			r->family = c->policy->references[i].family;
	snprintf(key, sizeof(key), "references[%zu].replaces", index);
	if (r->family == index)
		compile_fault(c, key,
		    "\"%s\" must name a reference that stands before this one, found \"%s\"", key,
		    raw->replaces);
}

/* The first entry that matches decides, so a second one with the same pattern is never used. */
static void
check_unreachable(struct compile *c)
{
	struct seen *seen = NULL, *one, *next;
	char key[COMPILE_KEY_MAX];

	for (size_t i = 0; i < c->raw->workloads_count; i++) {
		const char *pattern = c->raw->workloads[i].match;

		if (pattern == NULL)
			continue;
		HASH_FIND_STR(seen, pattern, one);
		if (one != NULL) {
			snprintf(key, sizeof(key), "workloads[%zu].match", i);
			compile_fault(c, key,
			    "\"%s\": an earlier entry has the pattern \"%s\" too, and only the "
			    "first is ever used: join them",
			    key, pattern);
			continue;
		}
		if ((one = calloc(1, sizeof(*one))) == NULL)
			abort();
		one->pattern = pattern;
		check_shadowed(c, i);
		HASH_ADD_KEYPTR(hh, seen, one->pattern, strlen(one->pattern), one);
	}
	HASH_ITER (hh, seen, one, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(seen, one);
		free(one);
	}
}

/* An entry is not reached either if an earlier pattern takes every name that its own does. */
static void
check_shadowed(struct compile *c, size_t index)
{
	const char *pattern = c->raw->workloads[index].match;
	char key[COMPILE_KEY_MAX];

	for (size_t i = 0; i < index; i++) {
		const char *earlier = c->raw->workloads[i].match;

		if (earlier == NULL || !covers(earlier, pattern))
			continue;
		snprintf(key, sizeof(key), "workloads[%zu].match", index);
		compile_fault(c, key,
		    "\"%s\": the pattern \"%s\" of an earlier entry matches all that \"%s\" does, "
		    "and only the first is ever used: put this entry before it",
		    key, earlier, pattern);
		return;
	}
}

/*
 * True only where it is certain and easy to see: the wide pattern has no other wildcards than *, so
 * that whatever of it matches the text of the narrow one, stars included, matches all it stands
 * for.
 */
static bool
covers(const char *wide, const char *narrow)
{
	return strpbrk(wide, "?\\") == NULL && strchr(narrow, '\\') == NULL &&
	       glob_match(view_of_string(wide), view_of_string(narrow), GLOB_TEXT);
}
