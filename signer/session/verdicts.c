#include "signer/session/verdicts.h"

#include <stdlib.h>

struct verdict {
	const struct policy_rule *rule;
	uint64_t generation; /* of the policy that the rule is of */
	struct component_verdict *verdict;
	size_t bytes;
	struct verdict **list;
	struct verdict *next; /* in the list */
	struct verdict *older, *newer;
};

static void forget(struct verdicts *all, struct verdict *v);
static void use_begin(struct verdicts *all, struct verdict *v);
static void use_end(struct verdicts *all, struct verdict *v);

const struct component_verdict *
verdicts_find(struct verdicts *all, struct verdict **list, const struct policy_rule *rule,
    uint64_t generation, uint64_t now_s)
{
	for (struct verdict *v = *list; v != NULL; v = v->next) {
		if (v->rule != rule || v->generation != generation ||
		    now_s >= component_verdict_valid_until_s(v->verdict))
			continue;
		if (v != all->newest) {
			use_end(all, v);
			use_begin(all, v);
		}
		return v->verdict;
	}
	return NULL;
}

enum err
verdicts_keep(struct verdicts *all, struct verdict **list, const struct policy_rule *rule,
    uint64_t generation, struct component_verdict *verdict)
{
	struct verdict *made = calloc(1, sizeof(*made)), *next;

	if (made == NULL)
		return ERR_MEMORY;
	/* Of another policy, or of another time. */
	for (struct verdict *v = *list; v != NULL; v = next) {
		next = v->next;
		if (v->generation != generation || v->rule == rule)
			forget(all, v);
	}
	*made = (struct verdict){.rule = rule,
	    .generation = generation,
	    .verdict = verdict,
	    .bytes = sizeof(*made) + component_verdict_bytes(verdict),
	    .list = list,
	    .next = *list};
	*list = made;
	all->bytes += made->bytes;
	use_begin(all, made);
	return ERR_OK;
}

void
verdicts_trim(struct verdicts *all)
{
	while (all->bytes > VERDICTS_BYTES_MAX)
		forget(all, all->oldest);
}

void
verdicts_free(struct verdicts *all)
{
	for (struct verdict *v = all->oldest, *newer; v != NULL; v = newer) {
		newer = v->newer;
		forget(all, v);
	}
}

static void
forget(struct verdicts *all, struct verdict *v)
{
	struct verdict **link = v->list;

	while (*link != v)
		link = &(*link)->next;
	*link = v->next;
	use_end(all, v);
	all->bytes -= v->bytes;
	component_verdict_free(&v->verdict);
	free(v);
}

static void
use_begin(struct verdicts *all, struct verdict *v)
{
	v->newer = NULL;
	v->older = all->newest;
	if (v->older != NULL)
		v->older->newer = v;
	else
		all->oldest = v;
	all->newest = v;
}

static void
use_end(struct verdicts *all, struct verdict *v)
{
	if (v->older != NULL)
		v->older->newer = v->newer;
	else
		all->oldest = v->newer;
	if (v->newer != NULL)
		v->newer->older = v->older;
	else
		all->newest = v->older;
}
