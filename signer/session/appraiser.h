/*
 * Appraisal inside the signer: finds the judgement of each component, made once per rule and
 * component, and writes the report of a bundle.
 */
#ifndef HALLMARK_SIGNER_SESSION_APPRAISER_H
#define HALLMARK_SIGNER_SESSION_APPRAISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/appraisal/appraise.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "signer/session/service.h"

struct appraiser_components {
	uint64_t now_s; /* the time that they were judged for: the report's iat */
	const struct component_verdict *verdict[COMPONENT_KIND_COUNT]; /* NULL: not in the bundle */
	enum report_enforce enforce; /* not ON: the older policy decides, by these */
	const struct component_verdict *older[COMPONENT_KIND_COUNT];
	size_t missing_count;
	enum component_kind missing[COMPONENT_KIND_COUNT]; /* not in the evidence store */
	size_t incomplete_count;
	enum component_kind
	    incomplete[COMPONENT_KIND_COUNT]; /* lists there, without all segments */
};

/* Whether the store has all that the report rests on. */
bool appraiser_has_all(const struct appraiser_components *c);

/*
 * Judges every component of the bundle that the store has, by the workload's rule, and where the
 * policy in force is only rolled out there by that of the one before, too; a list by what its
 * segments make together, and names those that it lacks, wholly or in part. This is where the
 * bundle gets its time, which its caller has just looked at (service_now_s): it is taken once, for
 * all that follows, so that no verdict can be of another second than the report that it stands in.
 * ERR_COMPONENT_FORMAT if a stored component is not what the bundle says of it (kind, count, size),
 * or none; ERR_BUSY if there is no memory for a list now (holding.h); ERR_CLOCK if there is no time
 * to be had; ERR_MEMORY.
 */
enum err appraiser_judge(struct service *s, const struct workload *w, const struct bundle *b,
    struct appraiser_components *out) MUST_USE;

/* Everything a report says beside the verdict. */
struct appraiser_case {
	struct workload *workload;
	const struct policy_rule *rule; /* of the policy in force */
	const struct bundle *bundle;
	struct digest bundle_digest;
	struct view signature;     /* of the collector, checked; size 0: none */
	struct digest certificate; /* of the collector, where there is a signature */
};

/*
 * Appends the report to `to`; gives how it was judged and the head that it makes of the chain,
 * which has another verdict where this is a gap record.
 */
enum err appraiser_report(struct service *s, const struct appraiser_case *c,
    const struct appraiser_components *components, struct buf *to, struct chain_verdict *verdict,
    struct chain_head *head) MUST_USE;

#endif
