#include "policy/compile/policy_lists.h"

#include <stdio.h>
#include <string.h>

static void fault_unlisted(struct draft *d, const char *key, const char *name);
static const struct policy_package_list *find(const struct policy *p, const char *name);

void
policy_lists_compile(
    struct draft *d, const char *key, const struct raw_fact_rule *raw, struct fact_rule *to)
{
	char at[DRAFT_KEY_MAX];

	to->lists = draft_memory(d->policy, raw->lists_count, sizeof(*to->lists));
	to->unlisted = draft_outcome(raw->unlisted);
	for (size_t i = 0; i < raw->lists_count; i++) {
		const struct policy_package_list *l = find(d->policy, raw->lists[i]);

		snprintf(at, sizeof(at), "%s.lists[%zu]", key, i);
		if (l == NULL)
			fault_unlisted(d, at, raw->lists[i]);
		for (size_t j = 0; j < to->list_count; j++)
			if (to->lists[j] == l)
				draft_fault(d, at, "\"%s\" names \"%s\" again", at, raw->lists[i]);
		if (l != NULL)
			to->lists[to->list_count++] = l;
	}
	/* Ones that were faulty are there all the same. */
	snprintf(at, sizeof(at), "%s.lists", key);
	if (yaml_file_line(d->policy->yaml, at) > 0)
		return;
	snprintf(at, sizeof(at), "%s.facts", key);
	if (yaml_file_line(d->policy->yaml, at) == 0)
		draft_fault(d, key, "\"%s\" demands nothing: add \"lists\" or \"facts\"", key);
}

static void
fault_unlisted(struct draft *d, const char *key, const char *name)
{
	char question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;

	draft_guess_begin(d, &nearest, name);
	for (size_t i = 0; i < d->policy->package_list_count; i++)
		draft_guess_offer(&nearest, d->policy->package_lists[i].name);
	draft_fault(d, key,
	    "\"%s\" names \"%s\", which is not listed under \"package_lists\" at the top%s", key,
	    name, nearest_question(&nearest, question));
}

static const struct policy_package_list *
find(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->package_list_count; i++)
		if (p->package_lists[i].name != NULL && strcmp(p->package_lists[i].name, name) == 0)
			return &p->package_lists[i];
	return NULL;
}
