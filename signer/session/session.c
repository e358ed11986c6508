#include "signer/session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "signer/front/tls.h"
#include "signer/ground/logger.h"
#include "signer/session/appraiser.h"
#include "signer/session/session_state.h"

/* Receipts that a connection gets at once, and bytes of one beside report and checkpoint, at most.
 */
#define RECEIPTS_AT_ONCE 16
#define RECEIPT_REST     1024

/*
 * What a collector may send when:
 *
 *   state   hello   bundle  part
 *   NEW     yes     -       -
 *   OPEN    -       yes     while a component is missing (upload.c checks)
 *   LOST    -       -       -        (the stream failed; nothing more is taken)
 */
static const unsigned allowed[SESSION_STATES] = {
    [SESSION_NEW] = 1U << MESSAGE_HELLO,
    [SESSION_OPEN] = 1U << MESSAGE_BUNDLE | 1U << MESSAGE_PART,
    [SESSION_LOST] = 0,
};

static enum err on_hello(struct session *s, const struct message_hello *m);
static void refuse(struct session *s, enum err e, const struct filing *f, struct view text);
static void log_refusal(const struct session *s, const struct message_refusal *m);
static void refuse_bytes(struct session *s, enum err e, struct view bundle);
static enum err on_bundle(struct session *s, const struct message_bundle *m);
static enum err check_bundle(struct session *s, const struct message_bundle *m, struct filing *f);
static enum err check_nonce(struct session *s, struct filing *f);
static enum err check_chain(struct session *s, const struct filing *f);
static enum err answer_again(struct session *s, struct filing *f);
static void make_room(struct session *s, size_t receipt_size);
static enum err keep_certificate(struct session *s, struct digest *digest);
static uint64_t now_us(void);

struct session *
session_new(struct service *service, uint64_t number, const char *identity, X509 *certificate,
    const struct session_output *output)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->identity = strdup(identity)) == NULL) {
		free(s);
		return NULL;
	}
	s->service = service;
	s->number = number;
	s->certificate = certificate;
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
	s->certificate = NULL;
	upload_end(s);
	if (s->in_flight == 0) {
		free(s->identity);
		free(s);
	}
}

enum err
session_on_frame(struct session *s, struct view payload)
{
	struct message m;
	enum err e = message_decode(s->service->decoder, payload, &m);

	if (e == ERR_OK && (m.type >= 32 || (allowed[s->state] & 1U << m.type) == 0))
		e = ERR_MSG_ORDER;
	if (e != ERR_OK) {
		session_refuse(s, e, NULL);
		return e;
	}
	switch (m.type) {
	case MESSAGE_HELLO:
		return on_hello(s, &m.body.hello);
	case MESSAGE_BUNDLE:
		return on_bundle(s, &m.body.bundle);
	case MESSAGE_PART:
		return upload_on_part(s, &m.body.part);
	default:
		abort(); /* not in `allowed` */
	}
}

void
session_on_bad_frame(struct session *s, enum err e)
{
	session_refuse(s, e, NULL);
}

bool
session_has_room(struct session *s)
{
	return !s->service->stopping &&
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
	return s->in_flight > 0;
}

void
session_on_receipt(void *waiter, const struct ledger_receipt *r, uint64_t arrived_us)
{
	struct session *s = waiter;
	const uint64_t time_us = now_us();
	struct message_receipt m;

	latency_add(&s->service->counters.receipt, time_us - arrived_us);
	if (!s->gone) {
		m.workload = workload_name(r->workload);
		m.seq = r->seq;
		m.index = r->index;
		m.report = r->report;
		m.proof = *r->proof;
		m.checkpoint = r->note;
		m.jws = r->jws;
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

	s->in_flight--;
	if (s->gone && s->in_flight == 0) {
		free(s->identity);
		free(s);
	}
}

void
session_refuse(struct session *s, enum err e, const struct filing *f)
{
	refuse(s, e, f, view_of_string(err_text(e)));
}

/*
 * Answers with the code, counts it, logs it: the one place where a peer is refused. `f` is the
 * bundle that it is about, or NULL if it is about the connection.
 */
static void
refuse(struct session *s, enum err e, const struct filing *f, struct view text)
{
	struct message_refusal m = {.code = e, .text = text};

	service_count(s->service, e);
	if (f != NULL && f->bundle.workload.size > 0) {
		m.workload = f->bundle.workload;
		m.seq = f->bundle.seq;
	}
	/* A low storage is said once (storage.c): a line for each would help to fill the disk. */
	if (e != ERR_STORAGE)
		log_refusal(s, &m);
	if (f != NULL && f->workload != NULL && f->workload->has_head) {
		m.has_last = true;
		m.last_seq = f->workload->head.seq;
		m.last_bundle = f->workload->head.bundle_digest;
	}
	if (f != NULL) {
		m.has_nonce = true;
		nonce_make(s->service->nonces, s->number, now_us() / 1000, m.nonce);
	}
	if (err_class(e) == ERR_CLASS_STREAM)
		s->state = SESSION_LOST;
	if (!s->gone) {
		message_write_refusal(s->output.bytes, &m);
		s->output.wake(s->output.context);
	}
}

static void
log_refusal(const struct session *s, const struct message_refusal *m)
{
	struct logline l;

	logline_begin(&l, LOGGER_WARNING, "refusal");
	logline_error(&l, m->code);
	logline_string(&l, "collector", s->identity);
	logline_number(&l, "connection", s->number);
	if (m->workload.size > 0) {
		logline_view(&l, "workload", m->workload);
		logline_number(&l, "seq", m->seq);
	}
	logline_end(&l);
}

/* Appraises a bundle whose components are all there, and stages its report. */
enum err
session_stage(struct session *s, struct filing *f, const struct appraiser_components *components)
{
	struct service *service = s->service;
	struct appraiser_case c = {.workload = f->workload,
	    .bundle = &f->bundle,
	    .bundle_digest = f->digest,
	    .signature = f->signature};
	struct ledger_staged staged = {.waiter = s,
	    .wants_jws = policy_rule_wants_jws(f->workload->rule),
	    .arrived_us = f->arrived_us,
	    .workload = f->workload};
	enum report_status status;
	enum err e = ERR_OK;

	if (f->signature.size > 0)
		e = keep_certificate(s, &c.certificate);
	if (e == ERR_OK &&
	    (e = appraiser_report(service, &c, components, ledger_report_begin(service->ledger),
		 &status, &staged.head)) != ERR_OK)
		ledger_report_cancel(service->ledger);
	if (e == ERR_OK)
		e = ledger_report_end(service->ledger, &staged);
	if (e != ERR_OK)
		return e;
	s->in_flight++;
	switch (status) {
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

/*
 * The workload of this collector, and the rule for it. A name that policy does not allow leaves
 * nothing behind.
 */
enum err
session_find_workload(struct session *s, struct filing *f)
{
	struct service *service = s->service;
	struct workload *w = workload_find(service->workloads, s->identity, f->bundle.workload);
	const struct policy_rule *rule;

	if (w == NULL || w->rule_generation != service->policy_generation) {
		rule =
		    policy_find(service->policy, f->bundle.workload, view_of_string(s->identity));
		if (rule != NULL && w == NULL &&
		    (w = workload_get(service->workloads, s->identity, f->bundle.workload)) == NULL)
			return ERR_MEMORY;
		if (w != NULL) {
			w->rule = rule;
			w->rule_generation = service->policy_generation;
		}
	}
	if (w == NULL || w->rule == NULL)
		return ERR_UNAUTHORIZED;
	f->workload = w;
	return ERR_OK;
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

	for (size_t i = 0; i < m->version_count; i++)
		common |= m->versions[i] == PROTOCOL_VERSION;
	if (!common) {
		session_refuse(s, ERR_VERSION, NULL);
		return ERR_VERSION;
	}
	s->state = SESSION_OPEN;
	nonce_make(s->service->nonces, s->number, now_us() / 1000, w.nonce);
	message_write_welcome(s->output.bytes, &w);
	s->output.wake(s->output.context);
	return ERR_OK;
}

static enum err
on_bundle(struct session *s, const struct message_bundle *m)
{
	struct filing f = {.signature = m->signature, .bytes = m->bundle, .arrived_us = now_us()};
	struct appraiser_components components;
	enum err e;

	s->service->counters.bundles++;
	if ((e = bundle_decode(m->bundle, &f.bundle)) != ERR_OK) {
		refuse_bytes(s, e, m->bundle);
		return e;
	}
	digest_of(m->bundle.data, m->bundle.size, &f.digest);
	if ((e = session_find_workload(s, &f)) == ERR_OK && f.workload->has_head &&
	    !f.workload->busy && digest_equal(&f.digest, &f.workload->head.bundle_digest))
		e = answer_again(s, &f);
	else if (e == ERR_OK && (e = check_bundle(s, m, &f)) == ERR_OK &&
		 (e = appraiser_judge(s->service, f.workload->rule, &f.bundle, &components)) ==
		     ERR_OK) {
		e = components.missing_count == 0 ? session_stage(s, &f, &components)
						  : upload_await(s, &f, &components);
		if (e == ERR_OK)
			f.workload->nonce_serial =
			    f.bundle.offline ? f.workload->nonce_serial : f.serial;
	}
	if (e != ERR_OK) {
		session_refuse(s, e, &f);
		if (f.workload != NULL)
			workload_forget(s->service->workloads, f.workload);
	}
	return e;
}

/* A bundle that cannot be read: says at which key, if at one of them. */
static void
refuse_bytes(struct session *s, enum err e, struct view bundle)
{
	const struct view key = bundle_fault(bundle);
	char text[MESSAGE_TEXT_MAX];
	int size = snprintf(text, sizeof(text), "%s: %.*s", err_text(e), (int)key.size,
	    key.size > 0 ? (const char *)key.data : "");

	if (key.size == 0)
		session_refuse(s, e, NULL);
	else
		refuse(s, e, NULL, (struct view){(const uint8_t *)text, (size_t)size});
}

static enum err
check_bundle(struct session *s, const struct message_bundle *m, struct filing *f)
{
	enum err e;

	if (s->service->storage.low)
		return ERR_STORAGE;
	if (f->workload->busy)
		return ERR_IN_FLIGHT;
	if ((e = check_nonce(s, f)) != ERR_OK || (e = check_chain(s, f)) != ERR_OK)
		return e;
	if (m->signature.size > 0)
		return identity_verify_bundle(s->certificate, m->bundle, m->signature);
	return ERR_OK;
}

static enum err
check_nonce(struct session *s, struct filing *f)
{
	uint64_t lifetime_ms = s->service->config->limits.nonce_lifetime_s * 1000ULL;
	enum err e;

	if (f->bundle.offline)
		return ERR_OK; /* never fresh: appraisal says so */
	e = nonce_check(s->service->nonces, s->number, f->arrived_us / 1000, lifetime_ms,
	    f->bundle.nonce, &f->serial);
	if (e == ERR_OK && f->serial <= f->workload->nonce_serial)
		e = ERR_NONCE_REUSED;
	return e;
}

static enum err
check_chain(struct session *s, const struct filing *f)
{
	const struct workload *w = f->workload;
	uint64_t latest_ms =
	    service_wall_ms(s->service) + s->service->config->limits.clock_skew_s * 1000ULL;

	if (w->has_head && f->bundle.seq <= w->head.seq)
		return ERR_SEQUENCE;
	if (w->has_head && !digest_equal(&f->bundle.prev, &w->head.bundle_digest))
		return ERR_CHAIN;
	/* No jumps: the numbers would run out, and the chain could never go on. */
	if (w->has_head ? f->bundle.seq != w->head.seq + 1 : f->bundle.seq > BUNDLE_SEQ_FIRST_MAX)
		return ERR_SEQUENCE;
	if (f->bundle.time_ms > latest_ms || (w->has_head && f->bundle.time_ms < w->head.time_ms))
		return ERR_EVIDENCE_TIME;
	return ERR_OK;
}

/* The newest bundle of the chain once more, to the byte: its receipt was lost on the way. */
static enum err
answer_again(struct session *s, struct filing *f)
{
	enum err e;

	s->in_flight++;
	e = ledger_receipt_again(s->service->ledger, f->workload, s, f->arrived_us);
	if (e == ERR_OK)
		s->service->counters.receipts_repeated++;
	else
		s->in_flight--;
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

static enum err
keep_certificate(struct session *s, struct digest *digest)
{
	struct buf der = BUF_INIT;
	struct evidence_item *item;
	enum err e = tls_certificate_bytes(s->certificate, &der, digest);

	if (e == ERR_OK)
		e = evidence_add(s->service->evidence, PACK_CERTIFICATE, buf_view(&der), digest,
		    ledger_evidence(s->service->ledger), &item);
	buf_free(&der);
	return e;
}

static uint64_t
now_us(void)
{
	return uv_hrtime() / 1000;
}
