#include "signer/session/appraiser.h"

#include <string.h>

#include "policy/policy_rollout.h"
#include "signer/ground/build.h"
#include "signer/ledger/heads/head.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/session/holding.h"
#include "signer/session/stored_component.h"

static void look_at_amendments(struct service *s);
static void conclude_older(struct service *s, const struct workload *w,
    const struct appraiser_components *components, struct appraise_input *in, struct report *r);
static struct due due_of(const struct service *s, const struct appraiser_case *c, uint64_t iat_s);
static enum err judge_all(struct service *s, const struct policy_rule *rule, const struct bundle *b,
    struct appraiser_components *out, const struct component_verdict **verdict);
static enum err judge_older(struct service *s, const struct workload *w, const struct bundle *b,
    struct appraiser_components *out);
static enum err judge_one(struct service *s, const struct policy_rule *rule,
    const struct bundle_component *named, enum component_kind kind, struct evidence_item *item,
    uint64_t now_s, const struct component_verdict **out);
static enum err appraise_stored(struct service *s, const struct policy_rule *rule,
    struct evidence_item *item, uint64_t now_s, const struct component_verdict **out);

enum err
appraiser_judge(struct service *s, const struct workload *w, const struct bundle *b,
    struct appraiser_components *out)
{
	const struct policy_rule *rule = policy_rule_at(s->policy, w->rule_number);
	enum err e;

	memset(out, 0, sizeof(*out));
	verdicts_trim(&s->verdicts); /* nobody holds any now */
	out->now_s = service_entry_as_looked_s(s);
	if (s->clock_state != CLOCK_TRUSTED)
		return ERR_CLOCK;
	look_at_amendments(s);
	e = judge_all(s, rule, b, out, out->verdict);
	if (e == ERR_OK && w->older_number != 0 && appraiser_has_all(out))
		e = judge_older(s, w, b, out);
	return e;
}

/* What is found to lack is told with what lacks already. */
static enum err
judge_all(struct service *s, const struct policy_rule *rule, const struct bundle *b,
    struct appraiser_components *out, const struct component_verdict **verdict)
{
	enum err e = ERR_OK;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT && e == ERR_OK; kind++) {
		const struct bundle_component *named = &b->component[kind];
		struct evidence_item *item;

		if (!named->present)
			continue;
		item = evidence_find(s->evidence, &named->digest);
		if (item != NULL)
			e = judge_one(s, rule, named, (enum component_kind)kind, item, out->now_s,
			    &verdict[kind]);
		/* Not there, or found damaged just now: the collector has it. */
		if (item == NULL || item->lost) {
			out->missing[out->missing_count++] = (enum component_kind)kind;
			e = ERR_OK;
		} else if (e == ERR_NOT_FOUND) {
			out->incomplete[out->incomplete_count++] = (enum component_kind)kind;
			e = ERR_OK;
		}
	}
	return e;
}

/* Where the policy in force decides, nobody asks the one before. */
static enum err
judge_older(struct service *s, const struct workload *w, const struct bundle *b,
    struct appraiser_components *out)
{
	struct appraise_input in = {.bundle = b, .collector = workload_collector(w)};
	struct view group;

	memcpy(in.component, out->verdict, sizeof(in.component));
	out->enforce = appraise_enforce(policy_rule_at(s->policy, w->rule_number), &in, &group);
	if (out->enforce == REPORT_ENFORCE_ON)
		return ERR_OK;
	return judge_all(
	    s, policy_rule_at(policy_older(s->policy), w->older_number), b, out, out->older);
}

bool
appraiser_has_all(const struct appraiser_components *c)
{
	return c->missing_count == 0 && c->incomplete_count == 0;
}

enum err
appraiser_report(struct service *s, const struct appraiser_case *c,
    const struct appraiser_components *components, struct buf *to, struct chain_verdict *verdict,
    struct chain_head *head)
{
	const struct workload *w = c->workload;
	struct report r;
	struct appraise_input in = {.bundle = c->bundle,
	    .collector = workload_collector(w),
	    .amendments = standing_amendments(s->chronicle.notices.standing),
	    .received_s = components->now_s};
	enum err e;

	memset(&r, 0, sizeof(r));
	in.signed_now = c->signature.size > 0;
	in.last_signed_s = in.signed_now ? in.received_s : w->has_head ? w->head.last_signed_s : 0;
	memcpy(in.component, components->verdict, sizeof(in.component));
	buf_clear(&s->scratch);
	appraise_conclude(s->policy, c->rule, &in, &s->scratch, &r);
	if (components->enforce != REPORT_ENFORCE_ON)
		conclude_older(s, w, components, &in, &r);
	if ((e = buf_status(&s->scratch)) != ERR_OK)
		return e;
	r.profile = s->config->report.profile;
	r.issued_s = in.received_s;
	r.expires_s = in.received_s + s->config->report.lifetime_s;
	r.issuer = view_of_string(s->config->log_origin);
	r.collector = workload_collector(w);
	r.developer = view_of_string(s->config->report.developer);
	r.build = VIEW_LITERAL(SIGNER_BUILD);
	r.bundle = *c->bundle;
	r.bundle_digest = c->bundle_digest;
	r.notice = s->chronicle.notices.newest;
	r.has_previous = w->has_head;
	if (w->has_head)
		r.previous = *ledger_head_leaf(s->ledger, w);
	r.has_signature = in.signed_now;
	r.signature = c->signature;
	r.certificate = c->certificate;
	r.last_signed_s = in.last_signed_s;
	if ((e = report_write(&r, to)) != ERR_OK)
		return e;
	*verdict = verdict_next(w, &r);
	*head = head_after(w, &r); /* the entry's leaf comes with its batch's */
	if (c->bundle->offline)
		return ERR_OK;
	head->due = due_of(s, c, r.issued_s);
	head->verdict.group = (uint8_t)policy_group_number(s->policy, r.group);
	return ERR_OK;
}

/* A judgement that was kept is of no use once something else is in force about components. */
static void
look_at_amendments(struct service *s)
{
	const struct digest now =
	    amendments_of_components(standing_amendments(s->chronicle.notices.standing));

	if (digest_equal(&now, &s->amended))
		return;
	s->amended = now;
	s->policy_generation++;
}

static void
conclude_older(struct service *s, const struct workload *w,
    const struct appraiser_components *components, struct appraise_input *in, struct report *r)
{
	const struct policy *older = policy_older(s->policy);

	memcpy(in->component, components->older, sizeof(in->component));
	appraise_conclude_older(
	    older, policy_rule_at(older, w->older_number), components->enforce, in, &s->scratch, r);
}

static struct due
due_of(const struct service *s, const struct appraiser_case *c, uint64_t iat_s)
{
	const struct bundle *b = c->bundle;
	const struct due due =
	    due_after_report(iat_s, b->next_s, b->extensions.leaving != BUNDLE_STAYING,
		policy_rule_report_every_s(c->rule), policy_rule_grace_s(c->rule));

	return absences_in_windows(&s->chronicle.absences, due, c->workload);
}

static enum err
judge_one(struct service *s, const struct policy_rule *rule, const struct bundle_component *named,
    enum component_kind kind, struct evidence_item *item, uint64_t now_s,
    const struct component_verdict **out)
{
	enum err e = ERR_OK;

	if (item->place.size != named->size)
		return ERR_COMPONENT_FORMAT;
	*out = verdicts_find(&s->verdicts, &item->verdicts, rule, s->policy_generation, now_s);
	if (*out == NULL)
		e = appraise_stored(s, rule, item, now_s, out);
	if (e == ERR_OK && (item->component_kind != kind || item->component_count != named->count))
		e = ERR_COMPONENT_FORMAT;
	return e;
}

/* What proved unfit once is not read again: a peer could name it for ever. */
static enum err
appraise_stored(struct service *s, const struct policy_rule *rule, struct evidence_item *item,
    uint64_t now_s, const struct component_verdict **out)
{
	struct component_verdict *verdict = NULL;
	struct stored_component stored;
	enum err e;

	if (item->unfit)
		return ERR_COMPONENT_FORMAT;
	if ((e = stored_component_read(s->evidence, item, holding_room(s), &stored)) != ERR_OK) {
		item->unfit = e == ERR_COMPONENT_FORMAT;
		return e;
	}
	item->component_kind = stored.component->kind;
	item->component_count = stored.component->item_count;
	e = appraise_component(rule, standing_amendments(s->chronicle.notices.standing),
	    stored.component, now_s, &verdict);
	stored_component_free(&stored);
	if (e == ERR_OK) {
		s->counters.appraisals++;
		e = verdicts_keep(
		    &s->verdicts, &item->verdicts, rule, s->policy_generation, verdict);
	}
	if (e == ERR_OK)
		*out = verdict;
	else
		component_verdict_free(&verdict);
	return e;
}
