#include "signer/session/session.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "signer/session/challenge.h"
#include "signer/session/filing.h"
#include "signer/session/quota.h"
#include "signer/session/refusal.h"
#include "signer/session/relay.h"
#include "signer/session/roster.h"
#include "signer/session/upload.h"

/*
 * Receipts that a connection gets at once, as many as it may wait for if nobody says otherwise, and
 * bytes of one beside report and checkpoint, at most.
 */
#define RECEIPTS_AT_ONCE 64
#define RECEIPT_REST     1024

/*
 * What a peer may send when:
 *
 *   state   hello   bundle  part                       challenge, statement
 *   NEW     yes     -       -                          -
 *   OPEN    -       yes     while a component is       yes
 *                           missing (upload.c checks)
 *   LOST    -       -       -                          -    (the stream failed)
 */
static const unsigned allowed[SESSION_STATES] = {
    [SESSION_NEW] = 1U << MESSAGE_HELLO,
    [SESSION_OPEN] = 1U << MESSAGE_BUNDLE | 1U << MESSAGE_PART | 1U << MESSAGE_CHALLENGE |
		     1U << MESSAGE_STATEMENT,
    [SESSION_LOST] = 0,
};

/* And who: a collector brings evidence, a relay requests, and neither what is the other's. */
static const unsigned of_collectors =
    1U << MESSAGE_HELLO | 1U << MESSAGE_BUNDLE | 1U << MESSAGE_PART;
static const unsigned of_relays =
    1U << MESSAGE_HELLO | 1U << MESSAGE_CHALLENGE | 1U << MESSAGE_STATEMENT;

static void session_free(struct session *s);
static enum err take_frame(struct session *s, struct view payload, uint64_t arrived_us);
static bool has_role(struct session *s, enum message_type type);
static enum err refuse_role(struct session *s, const struct message *m);
static enum err on_hello(struct session *s, const struct message_hello *m);
static enum err on_bundle(struct session *s, const struct message_bundle *m, uint64_t arrived_us);
static enum err answer_again(struct session *s, struct filing *f);
static void make_room(struct session *s, size_t receipt_size);
static uint64_t now_us(void);

struct session *
session_new(struct service *service, uint64_t number, const char *identity,
    const STACK_OF(X509) * chain, const struct session_output *output)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->identity = strdup(identity)) == NULL) {
		free(s);
		return NULL;
	}
	s->service = service;
	s->number = number;
	s->chain = chain;
	s->output = *output;
	return s;
}

void
session_end(struct session **sp)
{
	struct session *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	s->gone = true;
	s->chain = NULL;
	upload_end(s);
	roster_remove(s->service->roster, s);
	challenge_on_session_end(s);
	relay_end(s);
	if (s->collector != NULL)
		quota_give_connection(s);
	if (s->in_flight == 0)
		session_free(s);
}

enum err
session_on_frame(struct session *s, struct view payload)
{
	const uint64_t begun_us = now_us();
	const enum err e = take_frame(s, payload, begun_us);
	const uint64_t done_us = now_us();

	quota_take_time(s, done_us - begun_us, done_us);
	return e;
}

void
session_on_bad_frame(struct session *s, enum err e)
{
	refusal_give(s, e, NULL);
}

bool
session_has_room(struct session *s)
{
	if (quota_is_resting(s) || quota_is_in_flight(s)) {
		s->service->someone_rests = true;
		return false;
	}
	return !s->service->stopping && !chronicle_is_late(&s->service->chronicle) &&
	       s->in_flight < s->service->config->limits.in_flight_per_connection &&
	       ledger_has_room(s->service->ledger);
}

bool
session_is_open(const struct session *s)
{
	return s->state == SESSION_OPEN;
}

bool
session_is_owed(const struct session *s)
{
	return s->waiting_count > 0;
}

bool
session_is_waiting(const struct session *s)
{
	return s->in_flight > 0 || s->asking > 0;
}

void
session_on_receipt(void *waiter, const struct ledger_receipt *r, uint64_t arrived_us)
{
	struct session *s = waiter;
	const uint64_t time_us = now_us();
	struct message_receipt m;

	latency_add(&s->service->counters.receipt, time_us - arrived_us);
	if (r->workload->challenged)
		challenge_on_receipt(s->service, r);
	if (!s->gone) {
		m.workload = workload_name(r->workload);
		m.seq = r->seq;
		m.index = r->index;
		m.report = r->report;
		m.proof = *r->proof;
		m.checkpoint = r->note;
		m.token_count = r->token_count;
		for (size_t i = 0; i < r->token_count; i++)
			m.token[i] = r->token[i];
		nonce_make(s->service->nonces, s->number, time_us / 1000, m.nonce);
		make_room(s, m.report.size + m.checkpoint.size + RECEIPT_REST);
		message_write_receipt(s->output.bytes, &m);
		s->service->counters.receipts++;
		s->output.wake(s->output.context);
	}
	session_release(s);
}

bool
session_is_gone(void *waiter)
{
	const struct session *s = waiter;

	return s->gone;
}

void
session_release(void *waiter)
{
	struct session *s = waiter;

	quota_give_flight(s);
	if (s->gone && s->in_flight == 0)
		session_free(s);
}

static void
session_free(struct session *s)
{
	if (s->collector != NULL)
		collector_release(s->service->workloads, s->collector);
	free(s->identity);
	free(s);
}

static enum err
take_frame(struct session *s, struct view payload, uint64_t arrived_us)
{
	struct message m;
	enum err e = message_decode(s->service->decoder, payload, &m);

	if (e == ERR_OK && (m.type >= 32 || (allowed[s->state] & 1U << m.type) == 0))
		e = ERR_MSG_ORDER;
	if (e != ERR_OK) {
		refusal_give(s, e, NULL);
		return e;
	}
	if (!has_role(s, m.type))
		return refuse_role(s, &m);
	switch (m.type) {
	case MESSAGE_HELLO:
		return on_hello(s, &m.body.hello);
	case MESSAGE_BUNDLE:
		return on_bundle(s, &m.body.bundle, arrived_us);
	case MESSAGE_PART:
		return upload_on_part(s, &m.body.part);
	case MESSAGE_CHALLENGE:
		return relay_on_challenge(s, &m.body.challenge);
	case MESSAGE_STATEMENT:
		return relay_on_statement(s, &m.body.statement);
	default:
		abort(); /* not in `allowed` */
	}
}

/* A reload may make a relay of a collector, or the other way round. */
static bool
has_role(struct session *s, enum message_type type)
{
	if (s->role_generation != s->service->config_generation) {
		s->is_relay = service_is_relay(s->service, s->identity);
		s->role_generation = s->service->config_generation;
	}
	return ((s->is_relay ? of_relays : of_collectors) & 1U << type) != 0;
}

/* What the message is about is named, as in any refusal. */
static enum err
refuse_role(struct session *s, const struct message *m)
{
	const struct view bundle = m->body.bundle.bundle;
	enum err e = ERR_OK;
	struct filing f;

	memset(&f, 0, sizeof(f));
	if (m->type == MESSAGE_BUNDLE && (e = bundle_decode(bundle, &f.bundle)) != ERR_OK)
		refusal_give_unreadable(s, e, bundle);
	else if (m->type == MESSAGE_BUNDLE)
		refusal_give(s, ERR_UNAUTHORIZED, &f);
	else if (m->type == MESSAGE_CHALLENGE)
		refusal_give_request(s, ERR_UNAUTHORIZED, m->body.challenge.id);
	else if (m->type == MESSAGE_STATEMENT)
		refusal_give_request(s, ERR_UNAUTHORIZED, m->body.statement.id);
	else
		refusal_give(s, ERR_UNAUTHORIZED, NULL);
	return e != ERR_OK ? e : ERR_UNAUTHORIZED;
}

static enum err
on_hello(struct session *s, const struct message_hello *m)
{
	const struct signer_config *config = s->service->config;
	struct message_welcome w = {.version = PROTOCOL_VERSION,
	    .log = view_of_string(config->log_origin),
	    .time_ms = service_wall_ms(s->service),
	    .part_max = MESSAGE_PART_MAX,
	    .component_max = COMPONENT_SIZE_MAX,
	    .in_flight_max = config->limits.in_flight_per_connection};
	bool common = false;
	enum err e;

	for (size_t i = 0; i < m->version_count; i++)
		common |= m->versions[i] == PROTOCOL_VERSION;
	if (!common) {
		refusal_give(s, ERR_VERSION, NULL);
		return ERR_VERSION;
	}
	if (s->collector == NULL)
		s->collector = collector_hold(s->service->workloads, view_of_string(s->identity));
	e = s->collector != NULL ? quota_take_connection(s) : ERR_MEMORY;
	if (e == ERR_OK && (e = roster_add(s->service->roster, s)) != ERR_OK)
		quota_give_connection(s);
	if (e != ERR_OK) {
		refusal_give(s, e, NULL);
		return e;
	}
	s->state = SESSION_OPEN;
	nonce_make(s->service->nonces, s->number, now_us() / 1000, w.nonce);
	message_write_welcome(s->output.bytes, &w);
	s->output.wake(s->output.context);
	return ERR_OK;
}

static enum err
on_bundle(struct session *s, const struct message_bundle *m, uint64_t arrived_us)
{
	struct filing f = {.signature = m->signature, .bytes = m->bundle, .arrived_us = arrived_us};
	struct appraiser_components components;
	enum err e;

	s->service->counters.bundles++;
	if ((e = bundle_decode(m->bundle, &f.bundle)) != ERR_OK) {
		refusal_give_unreadable(s, e, m->bundle);
		return e;
	}
	digest_of(m->bundle.data, m->bundle.size, &f.digest);
	if ((e = filing_find_workload(s, &f)) == ERR_OK && f.workload->has_head &&
	    !f.workload->busy && digest_equal(&f.digest, &f.workload->head.bundle_digest))
		e = answer_again(s, &f);
	else if (e == ERR_OK && (e = filing_check(s, &f)) == ERR_OK &&
		 (e = appraiser_judge(s->service, f.workload, &f.bundle, &components)) == ERR_OK) {
		e = appraiser_has_all(&components) ? filing_stage(s, &f, &components)
						   : upload_await(s, &f, &components);
		if (e == ERR_OK)
			f.workload->nonce_serial =
			    f.bundle.offline ? f.workload->nonce_serial : f.nonce.serial;
	}
	if (e == ERR_OK) {
		f.workload->connection = (uint32_t)s->number;
		return ERR_OK;
	}
	refusal_give(s, e, &f);
	if (f.workload != NULL)
		workload_forget(s->service->workloads, f.workload);
	return e;
}

/* The newest bundle of the chain once more, to the byte: its receipt was lost on the way. */
static enum err
answer_again(struct session *s, struct filing *f)
{
	const struct ledger_wanted wanted = filing_wanted(s, f);
	enum err e;

	quota_take_flight(s);
	e = ledger_receipt_again(s->service->ledger, f->workload, &wanted);
	if (e == ERR_OK)
		s->service->counters.receipts_repeated++;
	else
		quota_give_flight(s);
	return e;
}

/* For all receipts that may come at once, before the first: growing would copy it again and again.
 */
static void
make_room(struct session *s, size_t receipt_size)
{
	const uint32_t count = s->in_flight < RECEIPTS_AT_ONCE ? s->in_flight : RECEIPTS_AT_ONCE;

	if (s->output.bytes->capacity == 0)
		(void)buf_reserve(
		    s->output.bytes, count * receipt_size); /* it remembers a failure */
}

static uint64_t
now_us(void)
{
	return uv_hrtime() / 1000;
}
