/*
 * Appraisal: evidence and policy to a verdict. Pure functions; the same input gives the same bytes.
 *
 * In two steps, so that a component is looked at once per rule and not once per report:
 * appraise_component judges one component by one rule; appraise_conclude joins these judgements
 * with what the bundle itself says (freshness, age, missing components, collector's signature).
 *
 * Fail closed: a required component that is missing, or could not be measured, a component that no
 * rule looks at and that the policy does not name under `recorded`, an unmatched file or fact,
 * evidence gathered offline or older than `max_age`: each leaves a finding
 * (policy/appraisal/finding.h), and the status is never `affirming`.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_APPRAISE_H
#define HALLMARK_POLICY_APPRAISAL_APPRAISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/appraisal/finding_listener.h"
#include "policy/governance/amendments.h"
#include "policy/policy.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"
#include "proto/report/report.h"

/*
 * Judgement of one component by one rule. Immutable, owns its findings; at most some 30 KB however
 * many items the component has.
 */
struct component_verdict;

/*
 * Judges `c` as at `received_s`, seconds since 1970: of a family the releases count that do
 * then. `amendments`: those in force at the report's notice. ERR_MEMORY. Sets *out to NULL first.
 */
enum err appraise_component(const struct policy_rule *rule, const struct amendments *amendments,
    const struct component *c, uint64_t received_s, struct component_verdict **out) MUST_USE;

/*
 * The judgement holds for every time from the one it was made for up to this one, which is not
 * included; UINT64_MAX: for ever. And only for amendments of which amendments_of_components says
 * the same.
 */
uint64_t component_verdict_valid_until_s(const struct component_verdict *v);

/* Memory that it takes, in bytes. */
size_t component_verdict_bytes(const struct component_verdict *v);

void component_verdict_free(struct component_verdict **v);

struct appraise_input {
	const struct bundle *bundle;
	struct view collector;               /* identity of who says so */
	const struct amendments *amendments; /* as of the report's notice; NULL: none */
	uint64_t received_s;    /* the report's iat: the only clock an appraisal knows */
	bool signed_now;        /* the bundle carries a valid signature of the collector */
	uint64_t last_signed_s; /* iat of the last report with one, this one included; 0: never */
	/* What the policy in force has said, where this one decides in its place; else NULL. */
	const struct report_rollout *beside;
	/* by kind, made by this rule for this time; NULL exactly where the bundle has none */
	const struct component_verdict *component[COMPONENT_KIND_COUNT];
};

/*
 * The group that the report's workload is in, by the rule that judges it, and what its policy does
 * there; in none it decides. Size 0: in none, or the evidence does not tell in which.
 */
enum report_enforce appraise_enforce(
    const struct policy_rule *rule, const struct appraise_input *in, struct view *group);

/*
 * Fills the verdict part of `out` (status, claim, policy_id, references, findings, group,
 * not_checked), as if the policy decided.
 * The findings point into the component verdicts and into static text, except those about the
 * bundle, whose words are written into `storage`: keep all of them as long as `out` is used. Ask
 * buf_status of `storage` before using `out`.
 */
void appraise_conclude(const struct policy *p, const struct policy_rule *rule,
    const struct appraise_input *in, struct buf *storage, struct report *out);

/*
 * The same by the policy that decides in the place of the one in force, which has filled `out`;
 * `enforce` is what that says of the group, and not that it decides. The status, and all that it
 * rests on, are this one's, but that where the one in force warns it is not better than its
 * warning; the policy's id and the group stay, and what it said stands beside. As above, by this
 * one's rule and its judgements; what `storage` held may be gone.
 */
void appraise_conclude_older(const struct policy *older, const struct policy_rule *rule,
    enum report_enforce enforce, const struct appraise_input *in, struct buf *storage,
    struct report *out);

/*
 * Tells every finding of a report, also those that it has no room for, in the order in which it
 * shows them. Components are judged again, nothing is kept: it takes time, and no memory. `in` is
 * as for appraise_conclude, `component` has the components that its verdicts are of. ERR_MEMORY.
 */
enum err appraise_every_finding(const struct policy_rule *rule, const struct appraise_input *in,
    const struct component *const component[COMPONENT_KIND_COUNT],
    const struct finding_listener *to) MUST_USE;

#endif
