#include "policy/compile/policy_compile.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "policy/compile/draft.h"
#include "policy/compile/policy_feeds.h"
#include "policy/compile/policy_groups.h"
#include "policy/compile/policy_outcomes.h"
#include "policy/compile/policy_parts.h"
#include "policy/compile/policy_rules.h"
#include "proto/evidence/bundle.h"
#include "proto/glob.h"

struct seen {
	UT_hash_handle hh;
	const char *pattern;
};

/* Entries whose patterns have a star, by what stands before the first one. */
struct wide {
	UT_hash_handle hh;
	size_t index; /* of the entry */
	struct wide *earlier;
};

static void check_unreachable(struct draft *d);
static void check_shadowed(struct draft *d, size_t index, const struct wide *wides);
static void add_wide(struct draft *d, size_t index, struct wide **wides, struct wide *room);
static bool covers(const char *wide, const char *narrow);

void
policy_compile(struct policy *p, const char *file, policy_part_read *read, void *context,
    struct faults *faults)
{
	struct draft d = {
	    .policy = p, .raw = yaml_file_data(p->yaml), .file = file, .faults = faults};
	struct view name = {NULL, 0};

	if (d.raw->name != NULL)
		name = view_of_string(d.raw->name);
	if (name.size > 0 &&
	    (bundle_workload_check(name) != ERR_OK || memchr(name.data, '@', name.size) != NULL))
		draft_fault(&d, "name",
		    "\"name\" must be without white space, \"/\" and \"@\" and not begin with "
		    "\".\"; found \"%s\"",
		    d.raw->name);
	p->review_by_s = draft_date(&d, "review_by", d.raw->review_by);
	policy_parts_compile(&d, read, context);
	policy_feeds_compile(&d);
	policy_groups_compile(&d);
	p->rule_count = d.raw->workloads_count;
	for (size_t i = 0; i < p->rule_count; i++)
		p->start_count += d.raw->workloads[i].start != NULL;
	p->rules = draft_memory(p, p->rule_count + p->start_count, sizeof(*p->rules));
	for (size_t i = 0, starts = p->rule_count; i < p->rule_count; i++) {
		policy_rules_compile(&d, i);
		if (d.raw->workloads[i].start != NULL)
			policy_rules_compile_start(&d, i, &p->rules[starts++]);
	}
	check_unreachable(&d);
	policy_outcomes_explain(&d);
	draft_end(&d);
}

/* The first entry that matches decides, so a second one with the same pattern is never used. */
static void
check_unreachable(struct draft *d)
{
	struct seen *seen = NULL, *one,
		    *room = calloc(d->raw->workloads_count + 1UL, sizeof(*room));
	struct wide *wides = NULL, *wide = calloc(d->raw->workloads_count + 1UL, sizeof(*wide));
	char key[DRAFT_KEY_MAX];

	if (room == NULL || wide == NULL)
		abort();
	for (size_t i = 0; i < d->raw->workloads_count; i++) {
		const char *pattern = d->raw->workloads[i].match;

		if (pattern == NULL)
			continue;
		HASH_FIND_STR(seen, pattern, one);
		if (one != NULL) {
			snprintf(key, sizeof(key), "workloads[%zu].match", i);
			draft_fault(d, key,
			    "\"%s\": an earlier entry has the pattern \"%s\" too, and only the "
			    "first is ever used: join them",
			    key, pattern);
			continue;
		}
		room[i].pattern = pattern;
		check_shadowed(d, i, wides);
		HASH_ADD_KEYPTR(hh, seen, pattern, strlen(pattern), &room[i]);
		add_wide(d, i, &wides, &wide[i]);
	}
	HASH_CLEAR(hh, seen);
	HASH_CLEAR(hh, wides);
	free(room);
	free(wide);
}

/*
 * An entry is not reached either if an earlier pattern takes every name that its own does. What
 * stands before the first star of that one begins its own text.
 */
static void
check_shadowed(struct draft *d, size_t index, const struct wide *wides)
{
	const char *pattern = d->raw->workloads[index].match;
	const size_t size = strlen(pattern);
	size_t first = index;
	char key[DRAFT_KEY_MAX];

	for (size_t begun = 0; begun <= size && wides != NULL; begun++) {
		const struct wide *w;

		HASH_FIND(hh, wides, pattern, begun, w);
		for (; w != NULL; w = w->earlier)
			if (w->index < first && covers(d->raw->workloads[w->index].match, pattern))
				first = w->index;
	}
	if (first == index)
		return;
	snprintf(key, sizeof(key), "workloads[%zu].match", index);
	draft_fault(d, key,
	    "\"%s\": the pattern \"%s\" of an earlier entry matches all that \"%s\" does, "
	    "and only the first is ever used: put this entry before it",
	    key, d->raw->workloads[first].match, pattern);
}

/* One without a star takes its own text alone. */
static void
add_wide(struct draft *d, size_t index, struct wide **wides, struct wide *room)
{
	const char *pattern = d->raw->workloads[index].match;
	const size_t size = strcspn(pattern, "*");

	if (pattern[size] == '\0')
		return;
	room->index = index;
	HASH_FIND(hh, *wides, pattern, size, room->earlier);
	if (room->earlier != NULL)
		HASH_DEL(*wides, room->earlier);
	HASH_ADD_KEYPTR(hh, *wides, pattern, size, room);
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
