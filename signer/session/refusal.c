#include "signer/session/refusal.h"

#include <stdio.h>
#include <uv.h>

#include "journal/logger.h"
#include "proto/evidence/bundle_chain.h"

static void refuse(struct session *s, enum err e, const struct filing *f, struct view text);
static void say(struct session *s, const struct message_refusal *m);
static void log_why_unauthorized(struct logline *l, const struct session *s, struct view workload);
static void log_refusal(const struct session *s, const struct message_refusal *m);
static void warn_of_clone(const struct session *s, enum err e, const struct filing *f);

void
refusal_give(struct session *s, enum err e, const struct filing *f)
{
	refuse(s, e, f, view_of_string(err_text(e)));
}

void
refusal_give_request(struct session *s, enum err e, uint64_t id)
{
	const struct message_refusal m = {
	    .code = e, .text = view_of_string(err_text(e)), .has_id = true, .id = id};

	say(s, &m);
}

void
refusal_give_unreadable(struct session *s, enum err e, struct view bundle)
{
	const struct view key = bundle_fault(bundle);
	char text[MESSAGE_TEXT_MAX];
	int size = snprintf(text, sizeof(text), "%s: %.*s", err_text(e), (int)key.size,
	    key.size > 0 ? (const char *)key.data : "");

	if (key.size == 0)
		refusal_give(s, e, NULL);
	else
		refuse(s, e, NULL, (struct view){(const uint8_t *)text, (size_t)size});
}

static void
refuse(struct session *s, enum err e, const struct filing *f, struct view text)
{
	struct message_refusal m = {.code = e, .text = text};

	if (f != NULL && f->bundle.workload.size > 0) {
		m.workload = f->bundle.workload;
		m.seq = f->bundle.seq;
	}
	if (f != NULL && f->workload != NULL && f->workload->has_head) {
		m.has_last = true;
		m.last_seq = f->workload->head.seq;
		m.last_bundle = f->workload->head.bundle_digest;
	}
	if (f != NULL) {
		m.has_nonce = true;
		nonce_make(s->service->nonces, s->number, uv_hrtime() / 1000000, m.nonce);
	}
	if (m.has_last)
		warn_of_clone(s, e, f);
	say(s, &m);
}

static void
say(struct session *s, const struct message_refusal *m)
{
	service_count(s->service, m->code);
	/* These are said once (storage.c, service.c): lines would help to fill the disk. */
	if (m->code != ERR_STORAGE && m->code != ERR_CLOCK)
		log_refusal(s, m);
	if (err_class(m->code) == ERR_CLASS_STREAM)
		s->state = SESSION_LOST;
	if (!s->gone) {
		message_write_refusal(s->output.bytes, m);
		s->output.wake(s->output.context);
	}
}

/*
 * Which of them it is the peer is not told: whoever may not speak for a workload learns no names by
 * asking.
 */
static void
log_why_unauthorized(struct logline *l, const struct session *s, struct view workload)
{
	const struct policy_rule *entry =
	    workload.size > 0 ? policy_find_entry(s->service->policy, workload) : NULL;

	if (workload.size == 0 ||
	    (entry != NULL && policy_rule_allows(entry, view_of_string(s->identity)))) {
		logline_string(l, "text",
		    s->is_relay
			? "a relay (`relays` in signer.yaml), from which this message is not "
			  "taken"
			: "no relay (`relays` in signer.yaml), and this message is taken from "
			  "those alone");
	} else if (entry != NULL) {
		logline_view(l, "entry", policy_rule_match(entry));
		logline_string(l, "text",
		    "the policy's entry for this workload does not have this collector under "
		    "\"collectors\"");
	} else {
		logline_string(l, "text",
		    bundle_chain_is_start(workload)
			? "no entry of the policy matches this workload, or it does not say in "
			  "\"start\" what has to be there before"
			: "no entry of the policy matches this workload");
	}
}

static void
log_refusal(const struct session *s, const struct message_refusal *m)
{
	const struct ration_about about = {
	    RATION_FAULTS, "refusal", err_name(m->code), "collector", view_of_string(s->identity)};
	struct logline l;

	logline_begin_rationed(&l, LOGGER_WARNING, &about);
	logline_error(&l, m->code);
	logline_string(&l, "collector", s->identity);
	logline_number(&l, "connection", s->number);
	if (m->workload.size > 0) {
		logline_view(&l, "workload", m->workload);
		logline_number(&l, "seq", m->seq);
	}
	if (m->has_id)
		logline_number(&l, "id", m->id);
	/* A large policy is not searched again for a line that is left out. */
	if (m->code == ERR_UNAUTHORIZED && !l.off)
		log_why_unauthorized(&l, s, m->workload);
	logline_end(&l);
}

/*
 * A chain that goes on from elsewhere than where it is: somebody else has this certificate and the
 * chain's state, or what the collector or the signer has was set back.
 */
static void
warn_of_clone(const struct session *s, enum err e, const struct filing *f)
{
	const struct chain_head *head = &f->workload->head;
	/* Not by chain: one collector has thousands of them. */
	const struct ration_about about = {
	    RATION_ALARM, "clone", err_name(e), "collector", view_of_string(s->identity)};
	struct logline l;

	if (e != ERR_CHAIN && (e != ERR_SEQUENCE || f->bundle.seq > head->seq))
		return;
	logline_begin_rationed(&l, LOGGER_ERROR, &about);
	logline_error(&l, e);
	logline_string(&l, "collector", s->identity);
	logline_view(&l, "workload", f->bundle.workload);
	logline_number(&l, "seq", f->bundle.seq);
	logline_number(&l, "last_seq", head->seq);
	logline_number(&l, "connection", s->number);
	logline_string(&l, "text",
	    "this chain goes on from another bundle than its newest in the log: two collectors "
	    "speak with this certificate, or the state of one was set back");
	logline_end(&l);
}
