#include "policy/compile/policy_named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_demand(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to);
static struct view take_path(struct draft *d, const char *key, const char *path);
static int text_compare(const void *a, const void *b);

void
policy_named_compile(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to)
{
	char at[DRAFT_KEY_MAX];

	snprintf(at, sizeof(at), "%s.path", key);
	if (raw->path != NULL)
		to->path = take_path(d, at, raw->path);
	take_demand(d, key, raw, to);
}

/* Sorted, as findings about them stand in a report. */
static void
take_demand(struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to)
{
	struct view *path = draft_memory(d->policy, raw->demand_count, sizeof(*path));
	char at[DRAFT_KEY_MAX];

	for (size_t i = 0; i < raw->demand_count; i++) {
		snprintf(at, sizeof(at), "%s.demand[%zu]", key, i);
		path[i] = take_path(d, at, raw->demand[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(raw->demand[i], raw->demand[j]) == 0)
				draft_fault(d, at, "\"%s\" names \"%s\" again", at, raw->demand[i]);
	}
	qsort(path, raw->demand_count, sizeof(*path), text_compare);
	to->demand = (struct texts){raw->demand_count, path};
}

static struct view
take_path(struct draft *d, const char *key, const char *path)
{
	const struct view v = view_of_string(path);

	if (reference_path_check(v) != NULL)
		draft_fault(d, key,
		    "\"%s\" must be a path as it is measured, absolute and without \"//\", "
		    "\"/./\", "
		    "\"/../\" and a \"/\" at its end; found \"%s\"",
		    key, path);
	return v;
}

static int
text_compare(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}
