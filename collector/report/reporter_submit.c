#include "collector/report/reporter_submit.h"

#include "collector/ground/backoff.h"
#include "collector/ground/interrupt.h"
#include "collector/report/reporter_tokens.h"
#include "journal/logger.h"

/* A busy signer is asked again after up to 0.2, 0.4, 0.8, 1.6, 3.2 seconds. */
#define BUSY_TRIES_MAX 5
#define BUSY_FIRST_MS  200
#define BUSY_MOST_MS   5000

static enum reporter_step on_receipt(struct reporter *r, struct reporter_workload *w,
    const struct chain_head *head, const struct message_receipt *m, struct receipt_summary *out);
static enum reporter_step on_refusal(struct reporter *r, struct reporter_workload *w,
    const struct chain_head *head, const struct message_refusal *m);
static bool is_newest(const struct chain_head *head, const struct message_refusal *m);
static enum reporter_step on_no_room(struct reporter_workload *w, const struct chain_head *head);
static enum reporter_step on_void_nonce(
    struct reporter *r, struct reporter_workload *w, const struct chain_head *head);
static enum reporter_step on_other_chain(struct reporter *r, struct reporter_workload *w,
    const struct chain_head *head, const struct message_refusal *m);
static enum reporter_step on_bad_bundle(
    struct reporter *r, struct reporter_workload *w, const struct chain_head *head, enum err code);
static enum reporter_step drop_head(struct reporter *r, struct reporter_workload *w, bool says);
static void tell_refusal(const struct reporter_workload *w, const struct message_refusal *m);
static enum reporter_step state_failed(
    struct reporter *r, struct reporter_workload *w, enum err e, const struct trouble *t);
static bool is_news(const struct chain_head *head, enum report_status status);
static bool is_void_nonce(enum err code);
static bool is_busy(const struct client_answer *a);
static bool wait_for_busy(const struct reporter *r, unsigned tries, uint64_t since_ms);
static bool takes_nothing(enum err code);
static bool turn_away(struct reporter *r, const struct chain_head *head, enum err code);

enum reporter_step
reporter_submit_head(struct reporter *r, struct reporter_workload *w, struct receipt_summary *out)
{
	struct trouble t = TROUBLE_INIT;
	struct client_answer answer;
	const uint64_t since_ms = interrupt_clock_ms();
	struct chain_head head;
	enum err e;

	if ((e = chain_get_head(w->chain, &head, &t)) != ERR_OK)
		return state_failed(r, w, e, &t);
	for (unsigned tries = 0;; tries++) {
		e = client_submit(r->client, &head, r->state, &answer, &t);
		if (e != ERR_OK || !is_busy(&answer) || !wait_for_busy(r, tries, since_ms))
			break;
	}
	if (e == ERR_DIGEST) { /* a component that waits was lost or altered on our disk */
		reporter_disconnect(r, e, &t);
		return on_bad_bundle(r, w, &head, e) == REPORTER_STEP_FAILED ? REPORTER_STEP_FAILED
									     : REPORTER_STEP_LOST;
	}
	if (e != ERR_OK) {
		if (e == ERR_TIMEOUT_FRAME && r->config->signer_count > 1) {
			ranking_pass(&r->ranking, interrupt_clock_ms());
			reporter_tell_passed(r, e);
		}
		reporter_disconnect(r, e, &t);
		return REPORTER_STEP_LOST;
	}
	return answer.is_receipt ? on_receipt(r, w, &head, &answer.receipt, out)
				 : on_refusal(r, w, &head, &answer.refusal);
}

enum reporter_outcome
reporter_settle(struct reporter *r, struct reporter_workload *w)
{
	struct receipt_summary result;
	enum reporter_step step;

	if (reporter_open_chain(r, w) != ERR_OK)
		return r->failed ? REPORTER_FAILED : REPORTER_REFUSED;
	if (!chain_is_in_doubt(w->chain))
		return REPORTER_DONE;
	step = reporter_submit_head(r, w, &result);
	/* Of those behind it none was sent. */
	return step == REPORTER_STEP_CHANGED || step == REPORTER_STEP_PASSED
		   ? REPORTER_DONE
		   : reporter_outcome_of(step);
}

enum reporter_outcome
reporter_submit_waiting(struct reporter *r, struct reporter_workload *w, bool last_word)
{
	struct receipt_summary result;
	enum reporter_step step;

	if (reporter_open_chain(r, w) != ERR_OK)
		return r->failed ? REPORTER_FAILED : REPORTER_REFUSED;
	while (chain_head_may_go(w->chain)) {
		if (last_word ? interrupt_is_over() : interrupt_stop())
			return REPORTER_LOST;
		step = reporter_submit_head(r, w, &result);
		if (step != REPORTER_STEP_RECEIPT && step != REPORTER_STEP_CHANGED)
			return reporter_outcome_of(step);
	}
	return REPORTER_DONE;
}

enum reporter_outcome
reporter_outcome_of(enum reporter_step step)
{
	switch (step) {
	case REPORTER_STEP_RECEIPT:
		return REPORTER_DONE;
	case REPORTER_STEP_LOST:
		return REPORTER_LOST;
	case REPORTER_STEP_FAILED:
		return REPORTER_FAILED;
	case REPORTER_STEP_CHANGED:
	case REPORTER_STEP_KEPT:
	case REPORTER_STEP_PASSED:
		break;
	}
	return REPORTER_REFUSED;
}

static enum reporter_step
on_receipt(struct reporter *r, struct reporter_workload *w, const struct chain_head *head,
    const struct message_receipt *m, struct receipt_summary *out)
{
	struct receipt_keys *keys = &r->log_key[client_signer(r->client)];
	const struct view log = client_log(r->client);
	struct ration_about about = {
	    RATION_VERDICTS, "receipt", NULL, "workload", view_of_string(w->config->name)};
	struct board_verdict said;
	struct trouble t = TROUBLE_INIT;
	struct logline j;
	enum err e;

	e = receipt_verify(m, log, head, keys, &said, &t);
	if (e != ERR_OK) {
		logline_begin_alarm(&j, LOGGER_ERROR, "bad-receipt");
		logline_string(&j, "workload", w->config->name);
		logline_number(&j, "seq", m->seq);
		logline_number(&j, "index", m->index);
		trouble_log(&j, e, &t);
		logline_end(&j);
		reporter_disconnect(r, e, &t);
		return REPORTER_STEP_LOST;
	}
	if ((e = receipt_save(r->receipts, m, log, &t)) != ERR_OK ||
	    (e = chain_acknowledge(w->chain, &t)) != ERR_OK)
		return state_failed(r, w, e, &t);
	reporter_have_room(r, w);
	ranking_receipt(&r->ranking);
	reporter_take_tokens(r, w, head, m);
	if (!head->content.offline)
		board_verdict(r->board, (size_t)(w - r->workloads), &said);
	out->status = said.status;
	out->seq = m->seq;
	out->index = m->index;
	receipt_name(m->workload, log, m->seq, out->file);
	if (!head->content.offline)
		actor_tell(r->actor, w->config->name, out->file);
	about.code = report_status_name(out->status);
	logline_begin_rationed(
	    &j, is_news(head, out->status) ? LOGGER_WARNING : LOGGER_INFO, &about);
	logline_string(&j, "workload", w->config->name);
	logline_number(&j, "seq", m->seq);
	logline_number(&j, "index", m->index);
	logline_string(&j, "status", report_status_name(out->status));
	if (head->content.offline)
		logline_number(&j, "gap", head->content.extensions.gap_after);
	logline_string(&j, "file", out->file);
	logline_end(&j);
	receipt_prune(r->receipts, m->workload, log, m->seq, r->config->receipts_kept);
	return REPORTER_STEP_RECEIPT;
}

/* A gap record is held at `warning`, whatever was measured: that alone is none. */
static bool
is_news(const struct chain_head *head, enum report_status status)
{
	return head->content.offline ? status == REPORT_CONTRAINDICATED
				     : status != REPORT_AFFIRMING;
}

static enum reporter_step
on_refusal(struct reporter *r, struct reporter_workload *w, const struct chain_head *head,
    const struct message_refusal *m)
{
	const enum err code = m->code;

	tell_refusal(w, m);
	board_refused(r->board, (size_t)(w - r->workloads), code);
	reporter_refuse_tokens(r, w, code);
	if (turn_away(r, head, code))
		return REPORTER_STEP_LOST;
	switch (code) {
	case ERR_NONCE_UNKNOWN:
	case ERR_NONCE_EXPIRED:
	case ERR_NONCE_REUSED:
		return on_void_nonce(r, w, head);
	case ERR_SEQUENCE:
	case ERR_CHAIN:
		return on_other_chain(r, w, head, m);
	case ERR_COMPONENT_DIGEST:
	case ERR_COMPONENT_FORMAT:
	case ERR_EVIDENCE_SIGNATURE:
	case ERR_EVIDENCE_TIME:
	case ERR_GAP_PLACE:
		return on_bad_bundle(r, w, head, code);
	case ERR_BUSY:
		return is_newest(head, m) ? REPORTER_STEP_KEPT : on_no_room(w, head);
	case ERR_QUOTA_COMPONENTS:
		return on_no_room(w, head);
	default:
		return REPORTER_STEP_KEPT;
	}
}

/* What makes a signer busy may be the wait for the receipt of this very bundle, which it has. */
static bool
is_newest(const struct chain_head *head, const struct message_refusal *m)
{
	return !m->has_last || digest_equal(&m->last_bundle, &head->digest);
}

/* For what a bundle names, maybe never. A gap record holds up nothing that is fresh. */
static enum reporter_step
on_no_room(struct reporter_workload *w, const struct chain_head *head)
{
	if (!head->content.offline)
		return REPORTER_STEP_KEPT;
	chain_settle(w->chain);
	return REPORTER_STEP_PASSED;
}

/*
 * The signer looks at the nonce only after it has seen that it does not have this very bundle. So
 * what was measured keeps its place in the past, but for what says nothing there: a last bundle, of
 * what another one has reported already.
 */
static enum reporter_step
on_void_nonce(struct reporter *r, struct reporter_workload *w, const struct chain_head *head)
{
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (head->content.offline) /* there is none: a signer that says so is confused */
		return REPORTER_STEP_KEPT;
	if (head->content.extensions.leaving != BUNDLE_STAYING)
		return drop_head(r, w, false);
	if ((e = chain_drop_nonce(w->chain, &t)) != ERR_OK)
		return state_failed(r, w, e, &t);
	return reporter_make_room(r, w) ? REPORTER_STEP_CHANGED : REPORTER_STEP_FAILED;
}

static enum reporter_step
on_other_chain(struct reporter *r, struct reporter_workload *w, const struct chain_head *head,
    const struct message_refusal *m)
{
	const struct ration_about about = {
	    RATION_ALARM, "chain-disagrees", NULL, "workload", view_of_string(w->config->name)};
	struct trouble t = TROUBLE_INIT;
	enum reporter_step step;
	struct logline j;
	enum err e;

	if (chain_is_known(w->chain) || !m->has_last ||
	    digest_equal(&m->last_bundle, &head->digest)) {
		logline_begin_rationed(&j, LOGGER_ERROR, &about);
		logline_string(&j, "workload", w->config->name);
		logline_number(&j, "seq", chain_acknowledged_seq(w->chain));
		if (m->has_last)
			logline_number(&j, "signer_seq", m->last_seq);
		logline_string(&j, "text",
		    "the signer remembers another last bundle of this workload: another collector "
		    "speaks for it with this certificate, or the state here or the log there was "
		    "set back; if that is settled, remove the workload's .chain and .queue below "
		    "the state directory to take over the signer's view");
		logline_end(&j);
		return REPORTER_STEP_KEPT;
	}
	logline_begin(&j, LOGGER_WARNING, "chain-adopted");
	logline_string(&j, "workload", w->config->name);
	logline_number(&j, "signer_seq", m->last_seq);
	logline_digest(&j, "signer_bundle", &m->last_bundle);
	logline_string(&j, "text",
	    "there is no state of this workload here: its chain goes on "
	    "from what the signer remembers");
	logline_end(&j);
	/* It is measured again at once. */
	if (!head->content.offline && (step = drop_head(r, w, false)) != REPORTER_STEP_CHANGED)
		return step;
	e = chain_adopt(w->chain, m->last_seq, &m->last_bundle, &t);
	return e == ERR_OK ? REPORTER_STEP_CHANGED : state_failed(r, w, e, &t);
}

static enum reporter_step
on_bad_bundle(
    struct reporter *r, struct reporter_workload *w, const struct chain_head *head, enum err code)
{
	const struct ration_about about = {RATION_FAULTS, "bundle-dropped", err_name(code),
	    "workload", view_of_string(w->config->name)};
	struct logline j;

	logline_begin_rationed(&j, LOGGER_ERROR, &about);
	logline_string(&j, "workload", w->config->name);
	logline_number(&j, "seq", head->content.seq);
	trouble_log(&j, code, NULL);
	logline_end(&j);
	if (code == ERR_COMPONENT_DIGEST || code == ERR_DIGEST)
		for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
			if (head->content.component[kind].present)
				state_drop_component(
				    r->state, &head->content.component[kind].digest);
	/* Dropped, but not measured again at once: the next interval shows whether it was a whim.
	 */
	return drop_head(r, w, true) == REPORTER_STEP_FAILED ? REPORTER_STEP_FAILED
							     : REPORTER_STEP_KEPT;
}

/* `says`: a bundle says that it is not there. */
static enum reporter_step
drop_head(struct reporter *r, struct reporter_workload *w, bool says)
{
	struct trouble t = TROUBLE_INIT;
	enum err e = chain_drop_head(w->chain, says, &t);

	return e == ERR_OK ? REPORTER_STEP_CHANGED : state_failed(r, w, e, &t);
}

static void
tell_refusal(const struct reporter_workload *w, const struct message_refusal *m)
{
	const struct ration_about about = {RATION_FAULTS, "refusal", err_name(m->code), "workload",
	    view_of_string(w->config->name)};
	struct logline j;

	logline_begin_rationed(&j, is_void_nonce(m->code) ? LOGGER_INFO : LOGGER_WARNING, &about);
	logline_string(&j, "workload", w->config->name);
	logline_number(&j, "seq", m->seq);
	logline_view(&j, "error", m->name);
	logline_view(&j, "text", m->text);
	logline_end(&j);
}

/* Where there is no room for it, all stays as it was, and is tried again. */
static enum reporter_step
state_failed(struct reporter *r, struct reporter_workload *w, enum err e, const struct trouble *t)
{
	struct logline j;

	if (e == ERR_NO_ROOM) {
		reporter_lack_room(r, w, t);
		return REPORTER_STEP_KEPT;
	}
	r->failed = true;
	logline_begin(&j, LOGGER_ERROR, "state-failed");
	logline_string(&j, "workload", w->config->name);
	trouble_log(&j, e, t);
	logline_end(&j);
	return REPORTER_STEP_FAILED;
}

/* As after each restart of a signer: nothing is wrong, and what follows of it is done at once. */
static bool
is_void_nonce(enum err code)
{
	return code == ERR_NONCE_UNKNOWN || code == ERR_NONCE_EXPIRED || code == ERR_NONCE_REUSED;
}

static bool
is_busy(const struct client_answer *a)
{
	return !a->is_receipt && (a->refusal.code == ERR_BUSY || a->refusal.code == ERR_IN_FLIGHT);
}

/* False: it is not asked again. Where there is another signer this one has no longer for being busy
 * than for an answer. */
static bool
wait_for_busy(const struct reporter *r, unsigned tries, uint64_t since_ms)
{
	const uint64_t most_ms =
	    r->config->signer_count > 1 ? (uint64_t)r->config->failover_s * 1000 : UINT64_MAX;
	const uint64_t waited_ms = interrupt_clock_ms() - since_ms;
	uint64_t ms;

	if (tries == BUSY_TRIES_MAX || waited_ms >= most_ms)
		return false;
	ms = backoff_ms(tries, BUSY_FIRST_MS, BUSY_MOST_MS);
	if (ms > most_ms - waited_ms)
		ms = most_ms - waited_ms;
	(void)interrupt_poll(NULL, 0, ms, INTERRUPT_LAST_WORD);
	return true;
}

/* Now, of whoever it is, whatever it says. */
static bool
takes_nothing(enum err code)
{
	return code == ERR_BUSY || code == ERR_STORAGE || err_class(code) == ERR_CLASS_ENVIRONMENT;
}

/* Another one is turned to, if there is one that is not as bad: the bundle may come here later. */
static bool
turn_away(struct reporter *r, const struct chain_head *head, enum err code)
{
	struct trouble t;

	if (r->config->signer_count == 1 || head->content.offline || !takes_nothing(code))
		return false;
	ranking_pass(&r->ranking, interrupt_clock_ms());
	if (!ranking_has_other(&r->ranking, interrupt_clock_ms()))
		return false;
	reporter_tell_passed(r, code);
	(void)trouble_set(&t, code, "the signer takes nothing: %s", err_text(code));
	reporter_disconnect(r, code, &t);
	return true;
}
