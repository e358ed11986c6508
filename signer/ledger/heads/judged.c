#include "signer/ledger/heads/judged.h"

#include <string.h>

#include "proto/evidence/bundle_chain.h"

static struct judged_count *count_of(
    struct judged *j, const struct workload *w, const struct chain_head *head);

void
judged_begin(struct workload_table *t, uint64_t policy_index)
{
	struct judged *j = workload_judged(t);

	memset(j, 0, sizeof(*j));
	j->policy_index = policy_index;
}

void
judged_resume(struct workload_table *t, uint64_t policy_index)
{
	struct judged *j = workload_judged(t);
	const struct workload *w;
	struct judged_count *c;

	judged_begin(t, policy_index);
	for (size_t at = 0; (w = workload_next(t, &at)) != NULL;) {
		if (!w->has_head || (c = count_of(j, w, &w->head)) == NULL)
			continue;
		c->workloads++;
		c->falls += w->head.verdict.falls;
	}
}

void
judged_move(struct workload_table *t, const struct workload *w, const struct chain_head *to)
{
	struct judged *j = workload_judged(t);
	struct judged_count *from = w->has_head ? count_of(j, w, &w->head) : NULL;
	struct judged_count *into = count_of(j, w, to);

	if (from != NULL) {
		from->workloads--;
		from->falls -= w->head.verdict.falls;
	}
	if (into != NULL) {
		into->workloads++;
		into->falls += to->verdict.falls;
	}
}

/* NULL: among nobody. Behind gap records it is not known of which policy the verdict is. */
static struct judged_count *
count_of(struct judged *j, const struct workload *w, const struct chain_head *head)
{
	if (head->index <= j->policy_index || head->gaps > 0 ||
	    head->verdict.group > POLICY_GROUP_COUNT_MAX || bundle_chain_is_start(workload_name(w)))
		return NULL;
	return &j->group[head->verdict.group];
}
