#include "collector/report/client.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ground/interrupt.h"
#include "collector/report/channel_context.h"
#include "collector/report/wanted.h"
#include "proto/evidence/identity.h"
#include "proto/report/report.h"
#include "proto/tlog/checkpoint.h"

struct client {
	struct channel *channel;
	struct message_decoder *decoder;
	size_t signer;
	char log[CHECKPOINT_ORIGIN_MAX + 1];
	char identity[IDENTITY_SIZE_MAX + 1]; /* of this host's certificate; empty: it has none */
	uint64_t answer_ms;                   /* it has so long for an answer */
	uint64_t part_max;
	uint8_t nonce[NONCE_SIZE];
	struct buf output;
	struct client_events events;
	uint64_t measures_ms; /* since when they are counted */
	unsigned measures;    /* asked for in this second */
};

static struct client *make(
    const struct collector_config *config, size_t signer, const struct client_events *events);
static enum err begin(struct client *c, enum err e, struct client **out, struct trouble *t);
static enum err check_whose(const struct client *c, struct view report, struct trouble *t);
static enum err greet(struct client *c, struct trouble *t);
static enum err receive(
    struct client *c, uint64_t deadline_ms, struct message *m, struct trouble *t);
static enum err receive_answer(
    struct client *c, uint64_t deadline_ms, struct message *m, struct trouble *t);
static enum err on_measure(struct client *c, const struct message_measure *m, struct trouble *t);
static enum err decode(struct client *c, struct view payload, struct message *m, struct trouble *t);
static enum err send_output(struct client *c, struct trouble *t);
static enum err on_refused_connection(const struct message_refusal *m, struct trouble *t);
static void take_nonce(struct client *c, const uint8_t nonce[NONCE_SIZE]);

enum err
client_open(struct channel_context *context, size_t signer, const struct client_events *events,
    struct client **out, struct trouble *t)
{
	struct client *c = make(context->config, signer, events);
	enum err e = ERR_MEMORY;

	if (c != NULL)
		e = channel_open(context, signer, &c->channel, t);
	return begin(c, e, out, t);
}

enum err
client_open_lent(const struct collector_config *config, size_t signer,
    const struct client_events *events, struct client **out, struct trouble *t)
{
	struct client *c = make(config, signer, events);
	enum err e = ERR_MEMORY;

	if (c != NULL) {
		const uint64_t answer_ms = c->answer_ms;

		e = channel_open_lent(
		    config->gate_socket, signer, config->tls.certificate, &c->channel, t);
		/* Who lends it has to connect first. */
		c->answer_ms += CHANNEL_CONNECT_MS + CHANNEL_HANDSHAKE_MS;
		e = begin(c, e, out, t);
		if (e == ERR_OK)
			(*out)->answer_ms = answer_ms;
		return e;
	}
	return begin(c, e, out, t);
}

/* NULL: no memory. */
static struct client *
make(const struct collector_config *config, size_t signer, const struct client_events *events)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->output = BUF_INIT;
	c->signer = signer;
	c->events = *events;
	c->answer_ms =
	    config->signer_count > 1 ? (uint64_t)config->failover_s * 1000 : CLIENT_ANSWER_MS;
	if ((c->decoder = message_decoder_new()) == NULL)
		client_close(&c);
	return c;
}

/* Greets by the channel that was opened with `e`; what there is goes to *out, or is closed. */
static enum err
begin(struct client *c, enum err e, struct client **out, struct trouble *t)
{
	*out = NULL;
	if (e == ERR_OK) {
		if (identity_of_certificate(channel_certificate(c->channel), c->identity) != ERR_OK)
			c->identity[0] = '\0'; /* which the signer will say */
		e = greet(c, t);
	}
	if (e == ERR_OK)
		*out = c;
	else
		client_close(&c);
	return e;
}

void
client_close(struct client **c)
{
	if (*c == NULL)
		return;
	channel_close(&(*c)->channel);
	message_decoder_free(&(*c)->decoder);
	buf_free(&(*c)->output);
	free(*c);
	*c = NULL;
}

struct view
client_log(const struct client *c)
{
	return view_of_string(c->log);
}

size_t
client_signer(const struct client *c)
{
	return c->signer;
}

bool
client_was_resumed(const struct client *c)
{
	return channel_was_resumed(c->channel);
}

int
client_descriptor(const struct client *c)
{
	return channel_descriptor(c->channel);
}

enum err
client_take_news(struct client *c, struct trouble *t)
{
	struct view payload;
	struct message m;
	enum err e;

	while ((e = channel_take(c->channel, &payload, t)) == ERR_OK && payload.size > 0) {
		if ((e = decode(c, payload, &m, t)) != ERR_OK)
			return e;
		if (m.type == MESSAGE_REFUSAL && m.body.refusal.workload.size == 0)
			return on_refused_connection(&m.body.refusal, t);
		if (m.type != MESSAGE_MEASURE)
			return trouble_set(
			    t, ERR_MSG_ORDER, "the signer sent message %d unasked", m.type);
		if ((e = on_measure(c, &m.body.measure, t)) != ERR_OK)
			return e;
	}
	return e;
}

const uint8_t *
client_nonce(const struct client *c)
{
	return c->nonce;
}

enum err
client_submit(struct client *c, const struct chain_head *head, const struct state *components,
    struct client_answer *out, struct trouble *t)
{
	const struct message_bundle bundle = {head->bundle, head->signature};
	unsigned wants = 0;
	uint64_t deadline_ms;
	struct message m;
	enum err e;

	message_write_bundle(&c->output, &bundle);
	if ((e = send_output(c, t)) != ERR_OK)
		return e;
	deadline_ms = interrupt_clock_ms() + c->answer_ms;
	for (;;) {
		if ((e = receive_answer(c, deadline_ms, &m, t)) != ERR_OK)
			return e;
		if (m.type == MESSAGE_RECEIPT && m.body.receipt.seq == head->content.seq &&
		    view_equal(m.body.receipt.workload, head->content.workload)) {
			out->is_receipt = true;
			out->receipt = m.body.receipt;
			take_nonce(c, m.body.receipt.nonce);
			return check_whose(c, m.body.receipt.report, t);
		}
		if (m.type == MESSAGE_REFUSAL && m.body.refusal.workload.size == 0)
			return on_refused_connection(&m.body.refusal, t);
		if (m.type == MESSAGE_REFUSAL && m.body.refusal.seq == head->content.seq &&
		    view_equal(m.body.refusal.workload, head->content.workload)) {
			out->is_receipt = false;
			out->refusal = m.body.refusal;
			/* No chain gets there: to go on from it would be the end of this one. */
			if (m.body.refusal.last_seq > BUNDLE_SEQ_FIRST_MAX)
				out->refusal.has_last = false;
			if (m.body.refusal.has_nonce)
				take_nonce(c, m.body.refusal.nonce);
			return ERR_OK;
		}
		/* One that asks for ever must not keep us for ever. */
		if (m.type != MESSAGE_WANT || ++wants > CLIENT_WANTS_MAX ||
		    !view_equal(m.body.want.workload, head->content.workload))
			return trouble_set(t, ERR_MSG_ORDER,
			    "the signer answered with message %d, or for another bundle", m.type);
		/* The want's views end when the next message is read, not before. */
		if ((e = wanted_send(c->channel, c->part_max, &head->content, &m.body.want,
			 components, t)) != ERR_OK)
			return e;
		deadline_ms = interrupt_clock_ms() + c->answer_ms;
	}
}

/* A bundle does not say whose it is. What else a receipt has to be, its reader checks. */
static enum err
check_whose(const struct client *c, struct view report, struct trouble *t)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	enum err e = ERR_OK;

	if (report_parse(report, &document) == ERR_OK &&
	    !view_equal(document.report.collector, view_of_string(c->identity)))
		e = trouble_set(t, ERR_MISMATCH,
		    "the receipt's report is about another collector, %.*s",
		    view_precision(document.report.collector),
		    (const char *)document.report.collector.data);
	report_document_free(&document);
	return e;
}

static enum err
greet(struct client *c, struct trouble *t)
{
	const struct message_hello hello = {.version_count = 1,
	    .versions = {PROTOCOL_VERSION},
	    .agent = VIEW_LITERAL("hallmark-collector " HALLMARK_VERSION)};
	const struct message_welcome *w;
	struct message m;
	enum err e;

	message_write_hello(&c->output, &hello);
	if ((e = send_output(c, t)) != ERR_OK ||
	    (e = receive(c, interrupt_clock_ms() + c->answer_ms, &m, t)) != ERR_OK)
		return e;
	if (m.type == MESSAGE_REFUSAL)
		return on_refused_connection(&m.body.refusal, t);
	if (m.type != MESSAGE_WELCOME)
		return trouble_set(
		    t, ERR_MSG_ORDER, "expected a welcome, found message %d", m.type);
	w = &m.body.welcome;
	if (w->version != PROTOCOL_VERSION)
		return trouble_set(t, ERR_VERSION, "the signer chose protocol version %llu",
		    (unsigned long long)w->version);
	memcpy(c->log, w->log.data, w->log.size); /* checked: at most CHECKPOINT_ORIGIN_MAX */
	c->part_max = w->part_max;
	take_nonce(c, w->nonce);
	return ERR_OK;
}

static enum err
receive(struct client *c, uint64_t deadline_ms, struct message *m, struct trouble *t)
{
	const uint64_t now_ms = interrupt_clock_ms();
	struct view payload;
	enum err e =
	    channel_read(c->channel, deadline_ms > now_ms ? deadline_ms - now_ms : 0, &payload, t);

	return e == ERR_OK ? decode(c, payload, m, t) : e;
}

/* The next message that is no wish for a measurement. */
static enum err
receive_answer(struct client *c, uint64_t deadline_ms, struct message *m, struct trouble *t)
{
	enum err e;

	while ((e = receive(c, deadline_ms, m, t)) == ERR_OK && m->type == MESSAGE_MEASURE) {
		if ((e = on_measure(c, &m->body.measure, t)) != ERR_OK)
			return e;
		if (interrupt_clock_ms() >= deadline_ms)
			return trouble_set(t, ERR_TIMEOUT_FRAME,
			    "waiting for the signer's answer: it took too long");
	}
	return e;
}

static enum err
on_measure(struct client *c, const struct message_measure *m, struct trouble *t)
{
	const uint64_t now_ms = interrupt_clock_ms();

	if (now_ms - c->measures_ms >= 1000) {
		c->measures_ms = now_ms;
		c->measures = 0;
	}
	if (++c->measures > CLIENT_MEASURES_MAX)
		return trouble_set(t, ERR_MSG_ORDER,
		    "the signer asks for more than %d measurements a second", CLIENT_MEASURES_MAX);
	c->events.measure(c->events.context, m->workload, m->challenge);
	return ERR_OK;
}

static enum err
decode(struct client *c, struct view payload, struct message *m, struct trouble *t)
{
	const enum err e = message_decode(c->decoder, payload, m);

	return e == ERR_OK ? e : trouble_set(t, e, "the signer's answer: %s", err_text(e));
}

static enum err
send_output(struct client *c, struct trouble *t)
{
	enum err e = buf_status(&c->output);

	if (e == ERR_OK)
		e = channel_write(c->channel, buf_view(&c->output), t);
	buf_clear(&c->output);
	return e;
}

static enum err
on_refused_connection(const struct message_refusal *m, struct trouble *t)
{
	/* An unknown code is a later signer's; a refusal of the connection is final all the same.
	 */
	const enum err e = err_class(m->code) == ERR_CLASS_OURS ? ERR_CLOSED : m->code;

	return trouble_set(t, e, "the signer refuses this connection: %.*s (%.*s)",
	    (int)m->text.size, (const char *)m->text.data, (int)m->name.size,
	    (const char *)m->name.data);
}

static void
take_nonce(struct client *c, const uint8_t nonce[NONCE_SIZE])
{
	memcpy(c->nonce, nonce, NONCE_SIZE);
}
