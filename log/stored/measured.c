#include "log/stored/measured.h"

#include <inttypes.h>
#include <string.h>

#include "log/stored/policy_cache.h"
#include "policy/policy_rollout.h"

/* Counts what it passes on. */
struct counted {
	const struct finding_listener *to;
	uint64_t count;
};

static void count(void *context, enum report_status outcome, const struct report_finding *f);

void
measured_read(struct evidence_reader *evidence, const struct report *logged, struct measured *out,
    struct reason *reason)
{
	char hex[DIGEST_HEX_SIZE + 1];

	memset(out, 0, sizeof(*out));
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *named = &logged->bundle.component[k];
		struct fetched_component *s = &out->stored[k];
		enum err e = ERR_OK;

		if (!named->present)
			continue;
		e = fetched_component_read(evidence, &named->digest, s);
		if (e == ERR_OK &&
		    (s->component->kind != k || s->component->item_count != named->count ||
			s->size != named->size))
			e = ERR_MISMATCH;
		if (e == ERR_OK) {
			out->component[k] = s->component;
			continue;
		}
		digest_to_hex(&named->digest, hex);
		reason_add(reason, outcome_of_error(e), "component %s %s: %s",
		    component_kind_name((enum component_kind)k), hex, err_text(e));
	}
}

void
measured_free(struct measured *m)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		fetched_component_free(&m->stored[k]);
}

void
measured_findings(struct evidence_reader *evidence, const struct report *logged,
    const struct standing *in_force, const struct measured *m, const struct finding_listener *to,
    const struct findings *f, struct reason *reason)
{
	struct policy_cache *policies = policy_cache_new(evidence, f);
	const struct policy *policy;
	uint64_t serial;
	enum err e = policies != NULL
			 ? policy_cache_get(policies, logged->policy_id, &policy, &serial)
			 : ERR_MEMORY;

	if (e != ERR_OK)
		reason_add(reason, outcome_of_error(e), "the policy %.*s: %s",
		    view_precision(logged->policy_id), (const char *)logged->policy_id.data,
		    err_text(e));
	else if (reason->outcome == OUTCOME_GOOD)
		measured_findings_by(policy, logged, in_force, m, to, reason);
	policy_cache_free(&policies);
}

void
measured_findings_by(const struct policy *policy, const struct report *logged,
    const struct standing *in_force, const struct measured *m, const struct finding_listener *to,
    struct reason *reason)
{
	const bool is_older = logged->rollout.enforce != REPORT_ENFORCE_ON;
	const struct policy_rule *rule =
	    is_older ? policy_find_older(policy, logged->bundle.workload, logged->collector)
		     : policy_find(policy, logged->bundle.workload, logged->collector);
	struct component_verdict *verdict[COMPONENT_KIND_COUNT] = {NULL};
	struct counted counted = {.to = to};
	const struct finding_listener listener = {count, &counted};
	struct appraise_input in = {.bundle = &logged->bundle,
	    .collector = logged->collector,
	    .amendments = in_force != NULL ? standing_amendments(in_force) : NULL,
	    .received_s = logged->issued_s,
	    .signed_now = logged->has_signature,
	    .last_signed_s = logged->last_signed_s,
	    .beside = is_older ? &logged->rollout : NULL};
	enum err e = rule != NULL ? ERR_OK : ERR_NOT_FOUND;

	for (unsigned k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++) {
		if (m->component[k] == NULL)
			continue;
		e = appraise_component(
		    rule, in.amendments, m->component[k], logged->issued_s, &verdict[k]);
		in.component[k] = verdict[k];
	}
	if (e == ERR_OK)
		e = appraise_every_finding(rule, &in, m->component, &listener);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		component_verdict_free(&verdict[k]);
	if (rule == NULL)
		reason_add(reason, OUTCOME_BAD, "the policy does not let %.*s speak for %.*s",
		    view_precision(logged->collector), (const char *)logged->collector.data,
		    view_precision(logged->bundle.workload),
		    (const char *)logged->bundle.workload.data);
	else if (e != ERR_OK)
		reason_add(reason, outcome_of_error(e), "its findings made again: %s", err_text(e));
	else if (counted.count != logged->finding_total)
		reason_add(reason, in_force != NULL ? OUTCOME_BAD : OUTCOME_UNKNOWN,
		    "policy and evidence give %" PRIu64 " findings, the log has %" PRIu64,
		    counted.count, logged->finding_total);
}

static void
count(void *context, enum report_status outcome, const struct report_finding *f)
{
	struct counted *c = context;

	c->count++;
	c->to->take(c->to->context, outcome, f);
}
