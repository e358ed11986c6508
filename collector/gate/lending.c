#include "collector/gate/lending.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "collector/ground/interrupt.h"
#include "collector/report/channel.h"
#include "collector/report/channel_context.h"
#include "config/collector/collector_config.h"
#include "proto/evidence/bundle.h"
#include "proto/wire/frame.h"
#include "proto/wire/message.h"

#define READ_SIZE 65536 /* bytes at once */

enum lending_state { LENDING_NEW, LENDING_FREE, LENDING_ASKED };

static const enum message_type may_be_said[] = {
    [LENDING_NEW] = MESSAGE_HELLO,
    [LENDING_FREE] = MESSAGE_BUNDLE,
    [LENDING_ASKED] = MESSAGE_PART,
};

struct lending {
	int gate;
	uint64_t until_ms;
	enum lending_state state;
	struct collector_config *config;
	struct channel_context *tls;
	struct channel *signer;
	struct message_decoder *decoder;
	struct buf input, output; /* from the gate; scratch for a frame */
	uint64_t bytes;           /* from the gate */
	bool has_gone;            /* the gate, between two messages */
	struct lent *said;
};

static enum err begin(struct lending *l, const char *path, struct trouble *t);
static enum err hear_number(const struct lending *l, uint8_t *number, struct trouble *t);
static enum err relay(struct lending *l, struct trouble *t);
static enum err from_signer(struct lending *l, struct trouble *t);
static enum err from_gate(struct lending *l, struct trouble *t);
static enum err pass_to_signer(struct lending *l, struct view payload, struct trouble *t);
static enum err check_bundle(struct lending *l, struct view bytes, struct trouble *t);
static bool is_configured(const struct collector_config *config, struct view workload);
static enum err put_frame(struct lending *l, struct view payload);
static enum err tell(const struct lending *l, struct view frame, struct trouble *t);
static void refuse(struct lending *l, enum err e, const struct trouble *t);
static void hear_out(struct lending *l);

enum err
lending_serve(const char *path, int gate, struct lent *out)
{
	struct lending l = {.gate = gate,
	    .until_ms = interrupt_clock_ms() + LENDING_MS,
	    .input = BUF_INIT,
	    .output = BUF_INIT,
	    .said = out};
	struct trouble *t = &out->why;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = begin(&l, path, t)) == ERR_OK)
		e = relay(&l, t);
	if (e != ERR_OK)
		refuse(&l, e, t);
	channel_close(&l.signer);
	channel_context_free(&l.tls);
	message_decoder_free(&l.decoder);
	buf_free(&l.input);
	buf_free(&l.output);
	collector_config_free(&l.config);
	return e;
}

/* Certificate and key are read for each, and so are those of now. */
static enum err
begin(struct lending *l, const char *path, struct trouble *t)
{
	struct faults faults = FAULTS_INIT;
	uint8_t number = 0;
	enum err e;

	if ((l->decoder = message_decoder_new()) == NULL)
		return ERR_MEMORY;
	if ((e = hear_number(l, &number, t)) != ERR_OK)
		return e;
	if ((e = collector_config_load(path, &faults, &l->config)) != ERR_OK)
		(void)trouble_set(t, e,
		    "the running collector cannot read its configuration: `hallmark-collector "
		    "check -c %s` says why",
		    path);
	faults_free(&faults);
	if (e != ERR_OK)
		return e;
	if (number >= l->config->signer_count)
		return trouble_set(t, ERR_MSG_RANGE,
		    "expected one of %zu signers of the configuration, found number %u",
		    l->config->signer_count, number);
	if ((e = channel_context_new(l->config, &l->tls, t)) != ERR_OK)
		return e;
	return channel_open(l->tls, number, &l->signer, t);
}

static enum err
hear_number(const struct lending *l, uint8_t *number, struct trouble *t)
{
	struct pollfd ready = {.fd = l->gate, .events = POLLIN};

	if (poll(&ready, 1, LENDING_SAY_MS) > 0 && recv(l->gate, number, 1, 0) == 1)
		return ERR_OK;
	return trouble_set(t, ERR_TIMEOUT_FRAME, "the gate did not say which signer it means");
}

/* What the signer has said is passed on before it is waited for: it may lie read already. */
static enum err
relay(struct lending *l, struct trouble *t)
{
	struct pollfd ready[2] = {{.fd = l->gate, .events = POLLIN},
	    {.fd = channel_descriptor(l->signer), .events = POLLIN}};
	enum err e = ERR_OK;

	while (e == ERR_OK && !l->has_gone) {
		const uint64_t now_ms = interrupt_clock_ms();

		if (now_ms >= l->until_ms)
			return trouble_set(t, ERR_TIMEOUT_FRAME,
			    "the gate kept the connection for %u minutes", LENDING_MS / 60000);
		if ((e = from_signer(l, t)) != ERR_OK)
			break;
		if (poll(ready, 2, (int)(l->until_ms - now_ms)) < 0 && errno != EINTR)
			return trouble_set(t, ERR_IO, "poll: %s", strerror(errno));
		if (ready[0].revents != 0)
			e = from_gate(l, t);
	}
	return e;
}

static enum err
from_signer(struct lending *l, struct trouble *t)
{
	struct view payload;
	struct message m;
	enum err e;

	while ((e = channel_take(l->signer, &payload, t)) == ERR_OK && payload.size > 0) {
		if ((e = message_decode(l->decoder, payload, &m)) != ERR_OK)
			return trouble_set(t, e, "the signer's answer: %s", err_text(e));
		if (m.type == MESSAGE_MEASURE)
			continue;
		if (m.type != MESSAGE_WELCOME && m.type != MESSAGE_WANT &&
		    m.type != MESSAGE_RECEIPT && m.type != MESSAGE_REFUSAL)
			return trouble_set(
			    t, ERR_MSG_ORDER, "the signer answered with message %d", m.type);
		if (l->state == LENDING_ASKED &&
		    (m.type == MESSAGE_RECEIPT || m.type == MESSAGE_REFUSAL))
			l->state = LENDING_FREE;
		if ((e = put_frame(l, payload)) != ERR_OK ||
		    (e = tell(l, buf_view(&l->output), t)) != ERR_OK)
			return e;
	}
	return e == ERR_CLOSED && t->text[0] == '\0'
		   ? trouble_set(t, e, "the signer ended the connection")
		   : e;
}

static enum err
from_gate(struct lending *l, struct trouble *t)
{
	uint8_t *room = buf_reserve(&l->input, READ_SIZE);
	ssize_t got = room != NULL ? recv(l->gate, room, READ_SIZE, MSG_DONTWAIT) : -1;
	struct view payload;
	size_t used = 1;
	enum err e = ERR_OK;

	if (room == NULL)
		return ERR_MEMORY;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_OK;
	if (got <= 0) {
		l->has_gone = true;
		return ERR_OK;
	}
	l->input.size += (size_t)got;
	l->bytes += (uint64_t)got;
	if (l->bytes > LENDING_BYTES_MAX)
		return trouble_set(t, ERR_MSG_RANGE, "the gate sent more than %llu bytes",
		    (unsigned long long)LENDING_BYTES_MAX);
	while (e == ERR_OK && used > 0) {
		if ((e = frame_next(buf_view(&l->input), &payload, &used)) != ERR_OK)
			return trouble_set(t, e, "the gate: %s", err_text(e));
		if (used > 0)
			e = pass_to_signer(l, payload, t);
		buf_consume(&l->input, used);
	}
	return e;
}

static enum err
pass_to_signer(struct lending *l, struct view payload, struct trouble *t)
{
	struct message m;
	enum err e = message_decode(l->decoder, payload, &m);

	if (e != ERR_OK)
		return trouble_set(t, e, "the gate: %s", err_text(e));
	if (m.type != may_be_said[l->state])
		return trouble_set(t, ERR_MSG_ORDER, "expected message %d of the gate, found %d",
		    may_be_said[l->state], m.type);
	if (m.type == MESSAGE_BUNDLE && (e = check_bundle(l, m.body.bundle.bundle, t)) != ERR_OK)
		return e;
	if (l->state != LENDING_ASKED)
		l->state = l->state == LENDING_NEW ? LENDING_FREE : LENDING_ASKED;
	return (e = put_frame(l, payload)) == ERR_OK
		   ? channel_write(l->signer, buf_view(&l->output), t)
		   : e;
}

/* What is said of what runs is said by who measures that, and by nobody else. */
static enum err
check_bundle(struct lending *l, struct view bytes, struct trouble *t)
{
	struct lent *said = l->said;
	struct view name;
	struct bundle b;
	enum err e;

	if ((e = bundle_decode(bytes, &b)) != ERR_OK)
		return trouble_set(t, e, "the gate's bundle: %s", err_text(e));
	name = bundle_chain_workload(b.workload);
	if (!bundle_chain_is_start(b.workload) || !is_configured(l->config, name))
		return trouble_set(t, ERR_UNAUTHORIZED,
		    "expected a bundle of what is to start, of a workload of the configuration; "
		    "found one of \"%.*s\"",
		    view_precision(b.workload), (const char *)b.workload.data);
	if (++said->bundles > LENDING_BUNDLES_MAX)
		return trouble_set(
		    t, ERR_MSG_RANGE, "the gate sent more than %d bundles", LENDING_BUNDLES_MAX);
	memcpy(said->workload, name.data, name.size); /* as long as one that is configured */
	said->workload[name.size] = '\0';
	return ERR_OK;
}

static bool
is_configured(const struct collector_config *config, struct view workload)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (view_equal(workload, view_of_string(config->workloads[i].name)))
			return true;
	return false;
}

/* The same payload, as a frame, in `output`. */
static enum err
put_frame(struct lending *l, struct view payload)
{
	size_t begun;

	buf_clear(&l->output);
	begun = frame_begin(&l->output);
	buf_append_view(&l->output, payload);
	if (buf_status(&l->output) == ERR_OK)
		frame_end(&l->output, begun);
	return buf_status(&l->output);
}

/* All of it, unless the gate does not take it. */
static enum err
tell(const struct lending *l, struct view frame, struct trouble *t)
{
	const uint64_t until_ms = interrupt_clock_ms() + CHANNEL_WRITE_MS;
	struct pollfd ready = {.fd = l->gate, .events = POLLOUT};
	uint64_t now_ms = 0;

	while (frame.size > 0 && (now_ms = interrupt_clock_ms()) < until_ms) {
		const ssize_t put =
		    send(l->gate, frame.data, frame.size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put > 0)
			frame = (struct view){frame.data + put, frame.size - (size_t)put};
		else if (put < 0 && errno == EAGAIN)
			(void)poll(&ready, 1, (int)(until_ms - now_ms));
		else if (put == 0 || errno != EINTR)
			return trouble_set(t, ERR_CLOSED, "the gate has gone");
	}
	return frame.size == 0 ? ERR_OK
			       : trouble_set(t, ERR_TIMEOUT_FRAME, "the gate takes no answer");
}

static void
refuse(struct lending *l, enum err e, const struct trouble *t)
{
	/* ERR_NOT_FOUND is the gate's word for that nobody lends anything. */
	struct message_refusal m = {.code = e == ERR_NOT_FOUND ? ERR_IO : e,
	    .text = view_of_string(t->text[0] != '\0' ? t->text : err_text(e))};
	struct trouble lost = TROUBLE_INIT;

	buf_clear(&l->output);
	message_write_refusal(&l->output, &m);
	if (buf_status(&l->output) != ERR_OK || tell(l, buf_view(&l->output), &lost) != ERR_OK)
		return; /* who is not there needs no reason */
	(void)shutdown(l->gate, SHUT_WR);
	hear_out(l);
}

/* What the gate was saying meanwhile is read, or what it was told would go with the socket. */
static void
hear_out(struct lending *l)
{
	const uint64_t until_ms = interrupt_clock_ms() + LENDING_SAY_MS;
	struct pollfd ready = {.fd = l->gate, .events = POLLIN};
	ssize_t got = 1;
	uint64_t now_ms;

	buf_clear(&l->input);
	while (got > 0 && (now_ms = interrupt_clock_ms()) < until_ms &&
	       poll(&ready, 1, (int)(until_ms - now_ms)) > 0) {
		uint8_t *room = buf_reserve(&l->input, READ_SIZE);

		got = room != NULL ? recv(l->gate, room, READ_SIZE, MSG_DONTWAIT) : -1;
	}
}
