#include "policy/compile/policy_feeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_AGE_MOST_S 31536000 /* a year */

static const struct policy_feed *find(const struct policy *p, const char *name);
static int name_compare(const void *a, const void *b);

void
policy_feeds_compile(struct draft *d)
{
	const struct raw_policy *raw = d->raw;
	struct policy_feed *feeds = draft_memory(d->policy, raw->feeds_count, sizeof(*feeds));
	char key[DRAFT_KEY_MAX];

	d->policy->feeds = feeds;
	for (size_t i = 0; i < raw->feeds_count; i++) {
		snprintf(key, sizeof(key), "feeds[%zu].name", i);
		draft_name(d, key, raw->feeds[i].name);
		if (raw->feeds[i].name == NULL)
			continue;
		if (find(d->policy, raw->feeds[i].name) != NULL)
			draft_fault(d, key, "\"%s\" names \"%s\" again", key, raw->feeds[i].name);
		feeds[d->policy->feed_count++] =
		    (struct policy_feed){raw->feeds[i].name, raw->feeds[i].max_age_s};
		snprintf(key, sizeof(key), "feeds[%zu].max_age_s", i);
		if (raw->feeds[i].max_age_s > MAX_AGE_MOST_S)
			draft_fault(d, key, "\"%s\" must be at most %d seconds, found %u", key,
			    MAX_AGE_MOST_S, raw->feeds[i].max_age_s);
	}
}

void
policy_feeds_of_entry(struct draft *d, size_t index)
{
	const struct raw_workload *raw = &d->raw->workloads[index];
	const struct policy *p = d->policy;
	struct policy_rule *to = &d->policy->rules[index];
	const size_t most = raw->feeds_count > p->feed_count ? raw->feeds_count : p->feed_count;
	const struct policy_feed **feeds = draft_memory(d->policy, most, sizeof(*feeds));
	char key[DRAFT_KEY_MAX];

	to->vulnerable =
	    raw->vulnerable == RAW_OUTCOME_UNSAID ? REPORT_WARNING : draft_outcome(raw->vulnerable);
	to->no_feed =
	    raw->no_feed == RAW_OUTCOME_UNSAID ? REPORT_WARNING : draft_outcome(raw->no_feed);
	to->feeds = feeds;
	snprintf(key, sizeof(key), "workloads[%zu].feeds", index);
	if (!yaml_file_has(p->yaml, key))
		for (size_t i = 0; i < p->feed_count; i++)
			feeds[to->feed_count++] = &p->feeds[i];
	for (size_t i = 0; i < raw->feeds_count; i++) {
		const struct policy_feed *found = find(p, raw->feeds[i]);

		snprintf(key, sizeof(key), "workloads[%zu].feeds[%zu]", index, i);
		if (found == NULL)
			draft_fault(d, key,
			    "\"%s\" names \"%s\", which is not listed under \"feeds\" at the top",
			    key, raw->feeds[i]);
		else
			feeds[to->feed_count++] = found;
		for (size_t j = 0; j < i; j++)
			if (strcmp(raw->feeds[i], raw->feeds[j]) == 0)
				draft_fault(
				    d, key, "\"%s\" names \"%s\" again", key, raw->feeds[i]);
	}
	if (to->feed_count > 1)
		qsort(feeds, to->feed_count, sizeof(*feeds), name_compare);
}

static const struct policy_feed *
find(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->feed_count; i++)
		if (strcmp(p->feeds[i].name, name) == 0)
			return &p->feeds[i];
	return NULL;
}

static int
name_compare(const void *a, const void *b)
{
	const struct policy_feed *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}
