/*
 * Reports that were logged, appraised again under another policy than their own: what would have
 * come of the same evidence at the same time.
 */
#ifndef HALLMARK_LOG_STORED_REHEARSAL_H
#define HALLMARK_LOG_STORED_REHEARSAL_H

#include <stdbool.h>

#include "log/evidence_reader.h"
#include "policy/governance/amendments.h"
#include "policy/policy.h"
#include "proto/report/report.h"

struct rehearsal;

/* What would have come of it. Valid until the next one. */
struct rehearsed {
	bool refused;              /* no entry of the policy lets the collector speak for it */
	enum report_status status; /* unless it is refused */
	struct view group;         /* in which it would be found; the policy's; empty: in none */
	/* The first finding, the worst first, that the report has not; NULL: it has all of them. */
	const struct report_finding *cause;
};

/* Reader and policy must outlive it. NULL for want of memory. */
struct rehearsal *rehearsal_new(struct evidence_reader *evidence, const struct policy *policy);
void rehearsal_free(struct rehearsal **r);

/*
 * `rule`: what policy_find gives for the report's workload and collector; NULL: refused.
 * ERR_NOT_FOUND and the other errors of log/stored/verdict_cache.h where a component that the
 * report names cannot be had. `amendments`: at the report's notice.
 */
enum err rehearsal_report(struct rehearsal *r, const struct report *logged,
    const struct policy_rule *rule, const struct amendments *amendments,
    struct rehearsed *out) MUST_USE;

#endif
