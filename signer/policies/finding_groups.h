/*
 * The findings of a report, those of one cause together: a cause is told once, however many files
 * it is about.
 */
#ifndef HALLMARK_SIGNER_POLICIES_FINDING_GROUPS_H
#define HALLMARK_SIGNER_POLICIES_FINDING_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/words/cause.h"
#include "proto/report/report.h"

#define FINDING_GROUP_NAMED 5 /* findings of a group that are told, unless all are wanted */

/* One that is told: a copy. */
struct grouped_finding {
	struct report_finding finding; /* points into `words` */
	struct buf words;
};

struct finding_group {
	enum report_status outcome;
	struct cause cause;
	uint64_t count;
	size_t kept;
	struct grouped_finding *finding; /* the first of them; one at least */
};

struct finding_groups {
	const struct policy *policy;
	const struct policy_rule *rule;
	bool all; /* keeps every one */
	uint64_t total;
	size_t count;
	struct finding_group *group; /* in the order of their first ones: the worst first */
};

/* Takes one more; `context` is a struct finding_groups. Aborts for want of memory. */
void finding_groups_take(void *context, enum report_status outcome, const struct report_finding *f);

void finding_groups_free(struct finding_groups *g);

#endif
