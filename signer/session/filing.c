#include "signer/session/filing.h"

#include "journal/logger.h"
#include "policy/policy_rollout.h"
#include "proto/evidence/identity.h"
#include "proto/utc.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/session/challenge.h"
#include "signer/session/quota.h"

static void find_older(const struct policy *p, struct workload *w);
static enum err check_nonce(struct session *s, struct filing *f);
static enum err check_clock(struct session *s, const struct filing *f);
static enum err check_chain(struct session *s, const struct filing *f);
static enum err keep_chain(struct session *s, struct digest *digest);
static bool gap_is_over(const struct workload *w, const struct bundle *b);
static void say_gap(const struct filing *f, const struct chain_verdict *verdict);

enum err
filing_find_workload(struct session *s, struct filing *f)
{
	struct service *service = s->service;
	struct workload *w = workload_find_of(service->workloads, s->collector, f->bundle.workload);
	const struct policy_rule *rule;
	enum err e;

	if (w == NULL || w->rule_generation != service->policy_generation) {
		rule =
		    policy_find(service->policy, f->bundle.workload, view_of_string(s->identity));
		if (rule != NULL && w == NULL && (e = quota_check_workload(s)) != ERR_OK)
			return e;
		if (rule != NULL && w == NULL &&
		    (w = workload_get_of(service->workloads, s->collector, f->bundle.workload)) ==
			NULL)
			return ERR_MEMORY;
		if (w != NULL) {
			w->rule_number = (uint16_t)policy_rule_number(service->policy, rule);
			find_older(service->policy, w);
			w->rule_generation = service->policy_generation;
		}
	}
	if (w == NULL || w->rule_number == 0)
		return ERR_UNAUTHORIZED;
	f->workload = w;
	f->rule = policy_rule_at(service->policy, w->rule_number);
	return ERR_OK;
}

static void
find_older(const struct policy *p, struct workload *w)
{
	const struct policy *older = policy_older(p);

	w->older_number = 0;
	if (older != NULL)
		w->older_number = (uint16_t)policy_rule_number(
		    older, policy_find_older(p, workload_name(w), workload_collector(w)));
}

enum err
filing_check(struct session *s, struct filing *f)
{
	enum err e;

	if (s->service->storage.low)
		return ERR_STORAGE;
	if ((e = quota_check_report(s, f->arrived_us)) != ERR_OK)
		return e;
	if (f->workload->busy)
		return ERR_IN_FLIGHT;
	if ((e = check_nonce(s, f)) != ERR_OK || (e = check_clock(s, f)) != ERR_OK ||
	    (e = check_chain(s, f)) != ERR_OK)
		return e;
	if (f->signature.size > 0)
		return identity_verify_bundle(sk_X509_value(s->chain, 0), f->bytes, f->signature);
	return ERR_OK;
}

enum err
filing_stage(struct session *s, struct filing *f, const struct appraiser_components *components)
{
	struct service *service = s->service;
	struct appraiser_case c = {.workload = f->workload,
	    .rule = f->rule,
	    .bundle = &f->bundle,
	    .bundle_digest = f->digest,
	    .signature = f->signature};
	struct ledger_staged staged = {
	    .wanted = filing_wanted(s, f), .issued_s = components->now_s, .workload = f->workload};
	const struct due before = f->workload->head.due;
	struct chain_verdict verdict;
	enum err e = ERR_OK;

	if (f->signature.size > 0)
		e = keep_chain(s, &c.certificate);
	if (e == ERR_OK &&
	    (e = appraiser_report(service, &c, components, ledger_entry_begin(service->ledger),
		 &verdict, &staged.head)) != ERR_OK)
		ledger_entry_cancel(service->ledger);
	if (e == ERR_OK)
		e = ledger_report_end(service->ledger, &staged);
	if (e != ERR_OK)
		return e;
	service_has_dated(service);
	quota_take_report(s, f->arrived_us);
	quota_take_flight(s);
	if (f->bundle.offline) {
		service->counters.gap_records++;
		service->counters.gaps_contraindicated += verdict.status == REPORT_CONTRAINDICATED;
		say_gap(f, &verdict);
		return ERR_OK;
	}
	absences_on_report(&service->chronicle.absences, f->workload, before);
	if (f->workload->challenged)
		challenge_on_staged(service, f);
	switch ((enum report_status)verdict.status) {
	case REPORT_AFFIRMING:
		service->counters.affirming++;
		break;
	case REPORT_WARNING:
		service->counters.warning++;
		break;
	case REPORT_CONTRAINDICATED:
		service->counters.contraindicated++;
		break;
	case REPORT_NONE:
		service->counters.none++;
		break;
	}
	return ERR_OK;
}

struct ledger_wanted
filing_wanted(struct session *s, const struct filing *f)
{
	struct ledger_wanted wanted = {.waiter = s, .arrived_us = f->arrived_us};

	/* What was measured offline says nothing to rely on now. */
	if (!f->bundle.offline)
		wanted.tokens = policy_rule_tokens(f->rule);
	return wanted;
}

static enum err
check_nonce(struct session *s, struct filing *f)
{
	uint64_t lifetime_ms = s->service->config->limits.nonce_lifetime_s * 1000ULL;
	enum err e;

	if (f->bundle.offline)
		return ERR_OK; /* never fresh: appraisal says so */
	e = nonce_check(s->service->nonces, s->number, f->arrived_us / 1000, lifetime_ms,
	    f->bundle.nonce, &f->nonce);
	if (e == ERR_OK && f->nonce.serial <= f->workload->nonce_serial)
		e = ERR_NONCE_REUSED;
	return e;
}

/*
 * What is refused is heard all the same: it may be what the clock is trusted for again. A last
 * bundle is of what was measured before, maybe before its nonce, and says nothing of a clock.
 */
static enum err
check_clock(struct session *s, const struct filing *f)
{
	struct service *service = s->service;

	if (!f->bundle.offline && f->bundle.extensions.leaving == BUNDLE_STAYING)
		service_hear_time(service, s->identity, f->bundle.time_ms, f->nonce.age_ms);
	(void)service_now_s(service);
	return service->clock_state == CLOCK_TRUSTED ? ERR_OK : ERR_CLOCK;
}

static enum err
check_chain(struct session *s, const struct filing *f)
{
	const struct workload *w = f->workload;
	uint64_t latest_ms = service_wall_as_looked_ms(s->service) +
			     s->service->config->limits.clock_skew_s * 1000ULL;

	if (w->has_head && f->bundle.seq <= w->head.seq)
		return ERR_SEQUENCE;
	if (w->has_head && !digest_equal(&f->bundle.prev, &w->head.bundle_digest))
		return ERR_CHAIN;
	/* No jumps: the numbers would run out, and the chain could never go on. */
	if (w->has_head ? f->bundle.seq != w->head.seq + 1 : f->bundle.seq > BUNDLE_SEQ_FIRST_MAX)
		return ERR_SEQUENCE;
	if (f->bundle.offline && !gap_is_over(w, &f->bundle))
		return ERR_GAP_PLACE;
	/* A gap record is of any time before now: what was fresh came first. */
	if (f->bundle.time_ms > latest_ms ||
	    (w->has_head && !f->bundle.offline && f->bundle.time_ms < w->head.time_ms))
		return ERR_EVIDENCE_TIME;
	return ERR_OK;
}

/* Something fresh was accepted since the bundle that is named as the last one before. */
static bool
gap_is_over(const struct workload *w, const struct bundle *b)
{
	return w->has_head && w->head.gaps < BUNDLE_GAPS_MAX &&
	       b->extensions.gap_after < w->head.seq - w->head.gaps;
}

/* What is wrong now is said by its verdict; that something was, while nobody could be told, here.
 */
static void
say_gap(const struct filing *f, const struct chain_verdict *verdict)
{
	const struct workload *w = f->workload;
	const struct ration_about about = {
	    RATION_VERDICTS, "gap", NULL, "collector", workload_collector(w)};
	char measured[UTC_TEXT_SIZE];
	struct logline l;

	if (verdict->status != REPORT_CONTRAINDICATED)
		return;
	logline_begin_rationed(&l, LOGGER_WARNING, &about);
	logline_view(&l, "workload", workload_name(w));
	logline_view(&l, "collector", workload_collector(w));
	logline_string(&l, "status", report_status_name(REPORT_CONTRAINDICATED));
	logline_view(&l, "finding", verdict_code(verdict));
	logline_string(&l, "measured", utc_text(f->bundle.time_ms / 1000, measured));
	logline_number(&l, "index", w->head.index);
	logline_end(&l);
}

static enum err
keep_chain(struct session *s, struct digest *digest)
{
	struct buf der = BUF_INIT;
	struct evidence_item *item;
	enum err e = identity_chain_bytes(s->chain, &der, digest);

	if (e == ERR_OK)
		e = evidence_add(s->service->evidence, PACK_CERTIFICATE, buf_view(&der), digest,
		    ledger_evidence(s->service->ledger), &item);
	buf_free(&der);
	return e;
}
