#include "pkcs11/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/certificate.h"
#include "pkcs11/complain.h"
#include "pkcs11/guard.h"
#include "pkcs11/jws.h"
#include "pkcs11/sandbox.h"
#include "pkcs11/token.h"
#include "proto/checkpoint.h"
#include "proto/keychannel.h"
#include "proto/note.h"

#define READ_SIZE (64 * 1024) /* bytes at once */

/* Never a checkpoint (no newline) and never a JWS (a blank). */
#define KEEPALIVE_TEXT "hallmark keep-alive"

struct server {
	const struct hsm_config *config;
	struct token *token;
	struct guard *guard;
	X509 *certificate;
	EVP_PKEY *key; /* of the certificate: what every signature is verified with */
	struct note_verifier *verifier;
	struct buf input, body, output, scratch;
	bool token_lost; /* it may hang in any further call */
};

static enum err server_open(struct server *s);
static int run(struct server *s);
static int finish(const struct server *s);
static enum err handle_all(struct server *s);
static enum err handle(struct server *s, const struct keychannel_request *r);
static enum err handle_checkpoint(struct server *s, const struct keychannel_request *r);
static enum err handle_token(struct server *s, const struct keychannel_request *r);
static enum err answer(struct server *s, enum keychannel_type type, uint64_t id, enum err result);
static enum err sign(struct server *s, struct view bytes);
static enum err keep_alive(struct server *s);
static void explain(struct server *s, const struct keychannel_request *r, enum err e);
static bool channel_is_socket(void);

int
serve(const struct hsm_config *config)
{
	struct server s;
	int status = 1;

	if (!channel_is_socket()) {
		complain("expected the signer's socket as descriptor %d; serve is started by the "
			 "signer or by systemd, not by hand",
		    KEYCHANNEL_FD);
		return 1;
	}
	memset(&s, 0, sizeof(s));
	s.config = config;
	if (hsm_sandbox_begin(KEYCHANNEL_FD) == ERR_OK && server_open(&s) == ERR_OK &&
	    hsm_sandbox_end() == ERR_OK)
		status = run(&s);
	/*
	 * The guard first: the next process waits for its lock. Then some modules crash in their
	 * destructors: finalise, and leave without running any.
	 */
	guard_close(&s.guard);
	if (!s.token_lost)
		token_close(&s.token);
	_exit(status);
}

static enum err
server_open(struct server *s)
{
	const struct hsm_config *c = s->config;
	struct buf spki = BUF_INIT;
	enum err e;

	if ((e = checkpoint_origin_check(view_of_string(c->origin))) != ERR_OK) {
		complain("'%s' cannot be the origin of a log", c->origin);
		return e;
	}
	if ((e = certificate_read(c->certificate, &s->certificate)) != ERR_OK ||
	    (e = token_open(c, TOKEN_SERVE, &s->token)) != ERR_OK ||
	    (e = token_find_key(s->token)) != ERR_OK ||
	    (e = certificate_check_key(
		 c->certificate, s->certificate, token_public_key(s->token))) != ERR_OK ||
	    (e = token_refuse_exportable(s->token)) != ERR_OK)
		return e;
	s->key = X509_get0_pubkey(s->certificate);
	if ((e = note_verifier_new(c->origin, s->key, &s->verifier)) == ERR_OK &&
	    (e = certificate_append_spki(s->key, &spki)) == ERR_OK)
		e = guard_open(c->guard_directory, c->origin, buf_view(&spki), &s->guard);
	buf_free(&spki);
	return e;
}

static int
run(struct server *s)
{
	struct pollfd channel = {.fd = KEYCHANNEL_FD, .events = POLLIN};
	int idle_ms = s->config->keepalive_s == 0 ? -1 : (int)s->config->keepalive_s * 1000;
	uint8_t *room;
	ssize_t got;
	int ready;

	if (certificate_append_der(s->certificate, &s->body) != ERR_OK ||
	    answer(s, KEYCHANNEL_STATE, 0, ERR_OK) != ERR_OK)
		return 1;
	for (;;) {
		if ((ready = poll(&channel, 1, idle_ms)) == 0) {
			if (keep_alive(s) != ERR_OK)
				return 1;
			continue;
		}
		if ((room = buf_reserve(&s->input, READ_SIZE)) == NULL)
			return 1;
		got = ready < 0 ? -1 : read(KEYCHANNEL_FD, room, READ_SIZE);
		if (got == 0)
			return finish(s);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			complain("cannot read from the signer: %s", strerror(errno));
			return 1;
		}
		s->input.size += (size_t)got;
		if (handle_all(s) != ERR_OK)
			return 1;
	}
}

static int
finish(const struct server *s)
{
	if (s->input.size == 0)
		return 0;
	complain("the signer closed the channel in the middle of a request, after %zu bytes of it",
	    s->input.size);
	return 1;
}

/* Every whole request that has arrived. What stays is less than one, so the input is bounded. */
static enum err
handle_all(struct server *s)
{
	struct keychannel_request request;
	size_t used;
	enum err e;

	for (;;) {
		if ((e = keychannel_next_request(buf_view(&s->input), &request, &used)) != ERR_OK) {
			complain("the signer sent bytes that are no request; it is given up");
			return e;
		}
		if (used == 0)
			return ERR_OK;
		if ((e = handle(s, &request)) != ERR_OK)
			return e;
		buf_consume(&s->input, used);
	}
}

/* An error is one that this process cannot go on after; the signer has been told. */
static enum err
handle(struct server *s, const struct keychannel_request *r)
{
	bool checkpoint = r->type == KEYCHANNEL_CHECKPOINT;
	enum err sent, e;

	buf_clear(&s->body);
	e = checkpoint ? handle_checkpoint(s, r) : handle_token(s, r);
	if (e != ERR_OK)
		explain(s, r, e);
	sent = answer(s, r->type, r->id, e);
	/* A refusal by the guard is an answer like any other; everything else ends us. */
	if (e == ERR_GUARD_ROLLBACK || e == ERR_GUARD_FORK || e == ERR_GUARD_UNLOGGED)
		e = ERR_OK;
	return e != ERR_OK ? e : sent;
}

static enum err
handle_checkpoint(struct server *s, const struct keychannel_request *r)
{
	struct checkpoint c = {.size = r->size, .root = r->root};
	struct buf text = BUF_INIT, signature = BUF_INIT;
	enum err e;

	if ((e = guard_check(s->guard, r->size, &r->root, &r->proof)) != ERR_OK ||
	    (e = guard_advance(s->guard, r->size, &r->root)) != ERR_OK)
		return e;
	memcpy(c.origin, s->config->origin, strlen(s->config->origin)); /* checked to fit */
	checkpoint_write(&c, &text);
	if ((e = buf_status(&text)) == ERR_OK && (e = sign(s, buf_view(&text))) == ERR_OK) {
		if (s->config->algorithm == HSM_P256)
			e = note_ecdsa_from_raw(s->scratch.data, &signature);
		else
			buf_append_view(&signature, buf_view(&s->scratch));
	}
	if (e == ERR_OK)
		e = note_write(buf_view(&text), s->verifier, buf_view(&signature), &s->body);
	buf_free(&text);
	buf_free(&signature);
	return e;
}

static enum err
handle_token(struct server *s, const struct keychannel_request *r)
{
	enum err e;

	if ((e = guard_check_report(s->guard, r->report, r->index, &r->proof)) != ERR_OK ||
	    (e = jws_append_input(s->key, r->report, &s->body)) != ERR_OK)
		return e;
	if ((e = sign(s, buf_view(&s->body))) != ERR_OK)
		return e;
	jws_append_signature(buf_view(&s->scratch), &s->body);
	return buf_status(&s->body);
}

/* The signature, verified with the certificate, replaces `scratch`. */
static enum err
sign(struct server *s, struct view bytes)
{
	enum err e;

	buf_clear(&s->scratch);
	e = token_sign(s->token, s->key, bytes, &s->scratch);
	s->token_lost = e == ERR_TOKEN;
	return e;
}

/* Sends `body` with the guard's present state. */
static enum err
answer(struct server *s, enum keychannel_type type, uint64_t id, enum err result)
{
	const struct guard_state *state = guard_state(s->guard);
	struct keychannel_answer a = {.type = type,
	    .result = result,
	    .id = id,
	    .size = state->size,
	    .root = state->root,
	    .body = buf_view(&s->body)};
	size_t sent = 0;

	buf_clear(&s->output);
	keychannel_write_answer(&s->output, &a);
	if (buf_status(&s->output) != ERR_OK)
		return ERR_MEMORY;
	while (sent < s->output.size) {
		ssize_t written =
		    write(KEYCHANNEL_FD, s->output.data + sent, s->output.size - sent);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return ERR_CLOSED; /* the signer has gone; what was asked is durable */
		sent += (size_t)written;
	}
	return ERR_OK;
}

/* Idle sessions of network HSMs die: one signature shows early whether ours has. */
static enum err
keep_alive(struct server *s)
{
	return sign(s, VIEW_LITERAL(KEEPALIVE_TEXT));
}

/* What was expected and what was found, for the signer's log and for ours. */
static void
explain(struct server *s, const struct keychannel_request *r, enum err e)
{
	const struct guard_state *state = guard_state(s->guard);

	buf_clear(&s->body);
	if (e == ERR_GUARD_ROLLBACK)
		buf_append_format(&s->body,
		    "expected a tree of at least %" PRIu64 " reports, found %" PRIu64, state->size,
		    r->size);
	else if (e == ERR_GUARD_FORK)
		buf_append_format(&s->body,
		    "expected proof that the tree of %" PRIu64
		    " reports extends the last signed one of %" PRIu64 ", found %s",
		    r->size, state->size,
		    r->size == state->size ? "another root" : "one that shows something else");
	else if (e == ERR_GUARD_UNLOGGED)
		buf_append_format(&s->body,
		    "expected proof that the report is number %" PRIu64
		    " of the last signed tree of %" PRIu64,
		    r->index, state->size);
	else
		buf_append_string(&s->body, err_text(e));
	complain("request %" PRIu64 " is refused, %s: %.*s", r->id, err_name(e), (int)s->body.size,
	    (const char *)s->body.data);
}

/* Made blocking: nothing else is to be done while the signer does not read or write. */
static bool
channel_is_socket(void)
{
	int flags = fcntl(KEYCHANNEL_FD, F_GETFL);
	struct stat st;

	return fstat(KEYCHANNEL_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       fcntl(KEYCHANNEL_FD, F_SETFL, flags & ~O_NONBLOCK) == 0;
}
