/*
 * Appraisal: evidence and policy to a verdict. Pure functions; the same input gives the same bytes.
 *
 * In two steps, so that a component is looked at once per rule and not once per report:
 * appraise_component judges one component by one rule; appraise_conclude joins these judgements
 * with what the bundle itself says (freshness, age, missing components, collector's signature).
 *
 * Fail closed: a required component that is missing, a component that no rule looks at and that
 * the policy does not name under `recorded`, an unmatched file or fact, evidence gathered offline
 * or older than `max_age`: each leaves a finding, and the status is never `affirming`.
 */
#ifndef HALLMARK_POLICY_APPRAISE_H
#define HALLMARK_POLICY_APPRAISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "proto/bundle.h"
#include "proto/component.h"
#include "proto/err.h"
#include "proto/report.h"

/* Judgement of one component by one rule. Immutable, owns its findings. */
struct component_verdict;

/*
 * `received_s` decides which reference sets have expired. The judgement holds for every report
 * issued before component_verdict_valid_until_s (UINT64_MAX where nothing in it can expire).
 */
enum err appraise_component(const struct policy_rule *rule, const struct component *c,
    uint64_t received_s, struct component_verdict **out) MUST_USE;
uint64_t component_verdict_valid_until_s(const struct component_verdict *v);
void component_verdict_free(struct component_verdict **v);

struct appraise_input {
	const struct bundle *bundle;
	uint64_t received_s;    /* the report's iat: the only clock an appraisal knows */
	bool signed_now;        /* the bundle carries a valid signature of the collector */
	uint64_t last_signed_s; /* iat of the last report with one, this one included; 0: never */
	/* by kind; NULL exactly where the bundle has no such component */
	const struct component_verdict *component[COMPONENT_KIND_COUNT];
};

/*
 * Fills the verdict part of `out` (status, claim, policy_id, references, findings, not_checked).
 * The findings point into the component verdicts and into static text, except those about the
 * bundle, whose words are written into `storage`: keep all of them as long as `out` is used.
 */
void appraise_conclude(const struct policy *p, const struct policy_rule *rule,
    const struct appraise_input *in, struct buf *storage, struct report *out);

#endif
