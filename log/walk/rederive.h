/*
 * One verdict made again: the policy, reference sets, components and certificates that a report
 * names are fetched by digest, appraised at the report's time, and written as a report.
 */
#ifndef HALLMARK_LOG_WALK_REDERIVE_H
#define HALLMARK_LOG_WALK_REDERIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "log/evidence_reader.h"
#include "log/reason.h"
#include "log/walk/vouching.h"
#include "policy/governance/amendments.h"
#include "policy/policy.h"
#include "proto/report/report.h"

struct rederive;

/* Of the policy, and of the one that it is rolled out against, where that has one: else NULL. */
struct rederive_rules {
	const struct policy_rule *rule, *older;
};

struct rederive_rules rederive_find_rules(const struct policy *policy, const struct report *logged);

/* Reader and trust, which may be NULL, must outlive it. NULL for want of memory. */
struct rederive *rederive_new(struct evidence_reader *evidence, const struct vouching_trust *trust);
void rederive_free(struct rederive **r);

/* By what it is made again. */
struct rederive_by {
	const struct policy
	    *policy; /* it and its serial number are from log/stored/policy_cache.h */
	uint64_t serial;
	struct rederive_rules rules; /* for this collector and workload */
	bool amendments_known;
	const struct amendments *amendments; /* at the report's notice */
	bool is_approved; /* whoever audits named this policy, or who may approve it */
};

/*
 * Nothing is added to `reason` if it gives the same bytes. Bad if it gives others, or if the
 * collector's signature is wrong. Unknown if something that the report names is not in the
 * evidence, or if what was in force beside the policy is not known.
 *
 * Who vouches for it is told in `vouched`.
 *
 * What the appraisal takes from the report is its own time, the bundle, its place in the log and
 * the time of the last signature; these are proved by the entries before it only.
 */
void rederive_check(struct rederive *r, const struct report *logged, struct view bytes,
    const struct rederive_by *by, struct reason *reason, struct vouched *vouched);

#endif
