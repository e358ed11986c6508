#include "pkcs11/serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/logger.h"
#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/sandbox.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/lookout.h"
#include "pkcs11/serve/own_certificate.h"
#include "pkcs11/serve/requests.h"
#include "pkcs11/serve/signing.h"
#include "pkcs11/serve/succession.h"
#include "pkcs11/serve/watch.h"
#include "pkcs11/token/certificate.h"
#include "pkcs11/token/token.h"
#include "pkcs11/token/verifier_file.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"
#include "proto/wire/keychannel.h"

#define READ_SIZE (64 * 1024) /* bytes at once */

struct server {
	const struct hsm_config *config; /* of the key that signs */
	struct succession succession;
	struct token *token;
	struct guard *guard;
	struct own_certificate certificate;      /* what every signature is verified with */
	struct note_verifier *verifier, *beside; /* the second: of the Ed25519 key, or NULL */
	struct note_verifier *lost; /* of the key before, while the guard waits; or NULL */
	struct signing *signing;
	struct watch watch;
	struct lookout lookout;
	struct requests requests;
	struct buf input, output;
	unsigned unanswered;     /* requests that are with the signing threads */
	bool checkpoint_signing; /* one of them is a checkpoint */
	bool tree_waits; /* the next request, at the front of `input`, with all behind it: it may
			    move the guard, which a checkpoint that is being signed has moved
			    already */
	bool input_bad;  /* nothing more is read; what was asked before is answered */
	bool over;       /* a fresh process is to find out what follows */
	int status;      /* that it ends with then */
	bool closing;    /* the key's last checkpoint, or its first behind another key, was begun:
			    nothing behind it is */
	bool token_lost; /* it may hang in any further call */
};

static enum err find_key(struct server *s);
static enum err server_open(struct server *s);
static enum err take_guard(void *context);
static enum err open_guard(struct server *s);
static uint32_t longest_lifetime_s(const struct hsm_config *c);
static enum err open_token(struct server *s);
static enum err check_certificate(struct server *s);
static void append_end(struct buf *to, enum err e, struct view why);
static void deadline_prepare(void);
static int run(struct server *s);
static enum err put_state(struct server *s);
static bool is_over(struct server *s);
static bool may_read(const struct server *s);
static enum err read_more(struct server *s, bool *ended);
static int finish(const struct server *s);
static enum err handle_all(struct server *s);
static enum err handle(struct server *s, const struct keychannel_request *r);
static enum err begin(struct server *s, const struct keychannel_request *r);
static enum err answer_done(struct server *s);
static enum err end_job(struct server *s, const struct signing_job *job);
static enum err refuse(struct server *s, const struct keychannel_request *r, enum err e);
static void put_answer(
    struct server *s, enum keychannel_type type, uint64_t id, enum err result, struct view body);
static enum err flush(struct server *s);
static bool channel_is_socket(void);

int
serve(const struct hsm_config *config, const char *path, const struct file_identity *read)
{
	struct server s;
	int status = 1;
	enum err e;

	if (!channel_is_socket()) {
		complain("expected the signer's socket as descriptor %d; serve is started by the "
			 "signer or by systemd, not by hand",
		    KEYCHANNEL_FD);
		return 1;
	}
	memset(&s, 0, sizeof(s));
	s.config = config;
	deadline_prepare();
	if ((e = hsm_sandbox_begin(KEYCHANNEL_FD)) == ERR_OK && (e = server_open(&s)) == ERR_OK &&
	    (e = hsm_sandbox_end()) == ERR_OK)
		status = run(&s);
	else
		serve_refuse(e);
	/* A process that waits for an operator is not to keep the next one from the lock. */
	if (e == ERR_PIN_REFUSED)
		guard_close(&s.guard);
	if (e == ERR_PIN_REFUSED && hsm_sandbox_end() == ERR_OK &&
	    lookout_wait_for_operator(s.config, path, read, KEYCHANNEL_FD))
		serve_refuse(ERR_CHANGED);
	/*
	 * The guard first: the next process waits for its lock. Then some modules crash in their
	 * destructors: finalise, and leave without running any.
	 */
	guard_close(&s.guard);
	if (!s.token_lost) {
		signing_stop(&s.signing);
		token_close(&s.token);
	}
	requests_free(&s.requests);
	own_certificate_free(&s.certificate);
	succession_free(&s.succession);
	lookout_free(&s.lookout);
	_exit(status);
}

void
serve_refuse(enum err e)
{
	struct buf why = BUF_INIT, frame = BUF_INIT;

	complain_append_last(&why);
	if (why.size == 0)
		buf_append_string(&why, err_text(e));
	append_end(&frame, e, buf_view(&why));
	if (buf_status(&frame) == ERR_OK)
		(void)send(KEYCHANNEL_FD, frame.data, frame.size, MSG_NOSIGNAL);
	buf_free(&why);
	buf_free(&frame);
}

/* The guard's state is not told: whoever ends does not speak for it any more. */
static void
append_end(struct buf *to, enum err e, struct view why)
{
	struct keychannel_answer end = {.type = KEYCHANNEL_STATE, .result = e, .body = why};

	keychannel_write_answer(to, &end);
}

/* What the deadline's signal tells the signer, made before there is a call that could hang. */
static void
deadline_prepare(void)
{
	static struct buf frame = BUF_INIT;

	append_end(&frame, ERR_TOKEN, view_of_string(TOKEN_DEADLINE_TEXT));
	token_deadline_tell(KEYCHANNEL_FD, buf_view(&frame));
}

/* Which key signs is found out before any token is touched. */
static enum err
find_key(struct server *s)
{
	enum err e = succession_find(s->config, &s->succession);

	s->config = s->succession.config;
	requests_init(&s->requests, s->config,
	    s->succession.ordered.size > 0 ? &s->succession.transition : NULL);
	return e;
}

static enum err
server_open(struct server *s)
{
	const struct hsm_config *c;
	enum err e = find_key(s);

	if (e != ERR_OK)
		return e;
	c = s->config;
	if ((e = checkpoint_origin_check(view_of_string(c->origin))) != ERR_OK) {
		complain("'%s' cannot be the origin of a log", c->origin);
		return e;
	}
	if ((e = own_certificate_open(&s->certificate, c->certificate)) != ERR_OK)
		return e;
	if ((e = open_token(s)) != ERR_OK || (s->guard == NULL && (e = open_guard(s)) != ERR_OK))
		return e;
	own_certificate_tell(&s->certificate);
	if ((e = note_verifier_new_of(c->origin, s->certificate.key,
		 algorithm_of(c->algorithm)->scheme, &s->verifier)) != ERR_OK)
		return e;
	if (s->succession.lost != NULL &&
	    (e = note_verifier_new(c->origin, s->succession.lost, &s->lost)) != ERR_OK)
		return e;
	requests_serve(&s->requests, s->guard, s->verifier, s->beside, s->lost);
	watch_begin(&s->watch, c, s->token);
	token_end_setup(s->token);
	/* Threads before the filter, which is then put upon them too: none is ever without it. */
	return signing_start(c, s->token, s->verifier, s->beside, &s->watch, &s->signing);
}

/*
 * What the record of the PIN's lock is held for: of many that start together the first alone gets
 * here, and the others go by what came of its login. That there is no state is said later, where
 * the certificate is that of the token's key.
 */
static enum err
take_guard(void *context)
{
	struct server *s = context;
	const enum err e = s->certificate.key != NULL ? open_guard(s) : ERR_NOT_FOUND;

	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
open_guard(struct server *s)
{
	const struct hsm_config *c = s->config;
	struct buf spki = BUF_INIT;
	enum err e = certificate_append_spki(s->certificate.key, &spki);

	if (e == ERR_OK)
		e = guard_open(c->guard_directory, c->origin, buf_view(&spki),
		    s->succession.lost != NULL ? &s->succession.transition : NULL, &s->guard);
	if (e == ERR_OK)
		e = guard_note_lifetime(s->guard, longest_lifetime_s(c));
	if (e == ERR_OK)
		lookout_begin(&s->lookout, s->guard, &s->certificate, &s->watch,
		    c->next != NULL && s->succession.ordered.size == 0
			? succession_file(c, buf_view(&spki))
			: NULL);
	buf_free(&spki);
	return e;
}

static uint32_t
longest_lifetime_s(const struct hsm_config *c)
{
	uint32_t longest_s = 0;

	for (size_t i = 0; i < c->token_count; i++)
		if (c->tokens[i].lifetime_s > longest_s)
			longest_s = c->tokens[i].lifetime_s;
	return longest_s;
}

/* The guard's lock before the token: a second process takes no session of it and no login. */
static enum err
open_token(struct server *s)
{
	const struct hsm_config *c = s->config;
	enum err e;

	if ((e = token_open_after(c, TOKEN_SERVE, take_guard, s, &s->token)) != ERR_OK ||
	    (e = token_find_key(s->token, TOKEN_FIRST)) != ERR_OK ||
	    (e = check_certificate(s)) != ERR_OK ||
	    (e = token_refuse_exportable(s->token, TOKEN_FIRST)) != ERR_OK)
		return e;
	return c->ed25519_label != NULL ? verifier_file_find_key(c, s->token, &s->beside) : ERR_OK;
}

/* Where it is of another key than the public half, that half may be the wrong one. */
static enum err
check_certificate(struct server *s)
{
	const char *path = s->config->certificate;
	enum err e = certificate_check_key(path, sk_X509_value(s->certificate.chain, 0),
		     token_public_key(s->token, TOKEN_FIRST)),
		 why;

	if (e != ERR_KEY_MISMATCH || (why = token_check_halves(s->token, TOKEN_FIRST)) == ERR_OK)
		return e;
	return why;
}

static int
run(struct server *s)
{
	bool ended = false;
	enum err e;

	if ((e = put_state(s)) == ERR_OK)
		e = flush(s);
	while (e == ERR_OK && !ended && !(s->input_bad && s->unanswered == 0) && !is_over(s)) {
		struct pollfd wait[] = {
		    {.fd = KEYCHANNEL_FD, .events = may_read(s) ? POLLIN : 0},
		    {.fd = signing_fd(s->signing), .events = POLLIN},
		};

		if (logger_has_more())
			logger_tend();
		if (poll(wait, 2, logger_has_more() ? LOGGER_TEND_MS : LOOKOUT_MS) < 0) {
			e = errno == EINTR ? ERR_OK : ERR_IO;
			continue;
		}
		if (signing_is_dead(s->signing)) {
			s->token_lost = true;
			serve_refuse(ERR_TOKEN);
			return 1;
		}
		if ((e = answer_done(s)) == ERR_OK && may_read(s) && wait[0].revents != 0)
			e = read_more(s, &ended);
		else if ((wait[0].revents & (POLLHUP | POLLERR)) != 0)
			ended = true; /* nobody is there to answer to */
		if (e == ERR_OK && !ended)
			e = handle_all(s);
		if (e == ERR_OK && lookout_sees_other(&s->lookout))
			e = put_state(s);
		if (flush(s) != ERR_OK && e == ERR_OK)
			e = ERR_CLOSED;
	}
	if (s->over && e == ERR_OK)
		return s->status;
	return e == ERR_OK && !s->input_bad ? finish(s) : 1;
}

/* What the signer is told unasked: at the start, and when there is another certificate or more
 * seen. */
static enum err
put_state(struct server *s)
{
	struct buf body = BUF_INIT;
	enum err e = own_certificate_append(&s->certificate, &body);

	if (e == ERR_OK)
		e = watch_tell(&s->watch, &body);
	buf_append_view(&body, buf_view(&s->succession.ordered));
	put_answer(s, KEYCHANNEL_STATE, 0, ERR_OK, buf_view(&body));
	buf_free(&body);
	return e;
}

/*
 * This key signs no more, or has been told to give way: a fresh process finds out what follows
 * (succession.h). What was asked before is answered.
 */
static bool
is_over(struct server *s)
{
	enum err e;

	if (s->closing && s->unanswered == 0) {
		complain(s->lost != NULL
			     ? "this key goes on with the log: a fresh process signs from here on"
			     : "this key has signed its last checkpoint; the next one signs from "
			       "here on");
		serve_refuse(ERR_CHANGED);
		return s->over = true;
	}
	if ((e = lookout_see_end(&s->lookout, s->unanswered == 0)) == ERR_OK)
		return false;
	s->status = e == ERR_CHANGED ? 0 : 1;
	serve_refuse(e);
	return s->over = true;
}

/* Not more than what may be unanswered, and nothing behind a checkpoint that has to wait. */
static bool
may_read(const struct server *s)
{
	return !s->input_bad && !s->tree_waits && !s->closing &&
	       s->unanswered < KEYCHANNEL_UNANSWERED_MAX;
}

static enum err
read_more(struct server *s, bool *ended)
{
	uint8_t *room = buf_reserve(&s->input, READ_SIZE);
	ssize_t got;

	if (room == NULL)
		return ERR_MEMORY;
	got = read(KEYCHANNEL_FD, room, READ_SIZE);
	if (got < 0 && errno != EINTR) {
		complain("cannot read from the signer: %s", strerror(errno));
		return ERR_CLOSED;
	}
	*ended = got == 0;
	s->input.size += got > 0 ? (size_t)got : 0;
	return ERR_OK;
}

static int
finish(const struct server *s)
{
	if (s->input.size == 0)
		return 0;
	if (may_read(s))
		complain("the signer closed the channel in the middle of a request, after %zu "
			 "bytes of it",
		    s->input.size);
	else
		complain("the signer closed the channel before %zu bytes of requests were begun",
		    s->input.size);
	return 1;
}

/* Every whole request that has arrived, as far as it may be begun now. */
static enum err
handle_all(struct server *s)
{
	struct view rest = buf_view(&s->input);
	struct keychannel_request request;
	enum err e = ERR_OK;
	size_t used;

	s->tree_waits = false;
	while (e == ERR_OK && !s->input_bad && !s->closing &&
	       s->unanswered < KEYCHANNEL_UNANSWERED_MAX) {
		if (keychannel_next_request(rest, &request, &used) != ERR_OK) {
			complain("the signer sent bytes that are no request; it is given up");
			s->input_bad = true;
			break;
		}
		s->tree_waits =
		    used > 0 && request.type != KEYCHANNEL_TOKEN && s->checkpoint_signing;
		if (used == 0 || s->tree_waits)
			break;
		e = handle(s, &request);
		rest.data += used;
		rest.size -= used;
	}
	buf_consume(&s->input, s->input.size - rest.size);
	return e;
}

/* An error is one that this process cannot go on after; the signer has been told. */
static enum err
handle(struct server *s, const struct keychannel_request *r)
{
	enum err e;

	if (r->type != KEYCHANNEL_OBSERVE)
		e = begin(s, r);
	else if ((e = requests_observe(&s->requests, r)) == ERR_OK)
		put_answer(s, r->type, r->id, ERR_OK, (struct view){NULL, 0});
	return e == ERR_OK ? ERR_OK : refuse(s, r, e);
}

/* Gives away what is to be signed. */
static enum err
begin(struct server *s, const struct keychannel_request *r)
{
	const bool tree = r->type != KEYCHANNEL_TOKEN;
	struct signing_job *job =
	    signing_job_new(tree ? KEYCHANNEL_CHECKPOINT : KEYCHANNEL_TOKEN, r->id);
	enum err e = ERR_MEMORY;

	if (job != NULL && (e = requests_begin(&s->requests, r, job)) == ERR_OK) {
		s->checkpoint_signing |= tree;
		s->closing |= r->type == KEYCHANNEL_CLOSE;
		s->unanswered++;
		signing_put(s->signing, &job);
		/* While the token signs. If it fails we end, and what was signed is never taken. */
		e = guard_sync(s->guard);
	}
	signing_job_free(&job);
	return e;
}

/* Everything that the threads have signed. The only way out for a signature (serve.h). */
static enum err
answer_done(struct server *s)
{
	struct signing_job *job = signing_take(s->signing), *next;
	enum err e = ERR_OK;

	for (; job != NULL; job = next) {
		next = job->next;
		if (e == ERR_OK)
			e = end_job(s, job);
		signing_job_free(&job);
	}
	return e;
}

static enum err
end_job(struct server *s, const struct signing_job *job)
{
	struct view body = buf_view(&job->body);
	struct buf why = BUF_INIT;
	enum keychannel_type type = job->type;

	s->unanswered--;
	if (job->type == KEYCHANNEL_CHECKPOINT) {
		type = s->closing ? KEYCHANNEL_CLOSE : KEYCHANNEL_CHECKPOINT;
		s->checkpoint_signing = false;
		if (job->result == ERR_OK)
			guard_signed(s->guard);
	}
	if (job->result != ERR_OK) {
		s->token_lost |= job->result == ERR_TOKEN;
		complain_append_last(&why); /* by the thread that signed */
		body = why.size > 0 ? buf_view(&why) : view_of_string(err_text(job->result));
		complain("request %" PRIu64 " fails, %s: %s", job->id, err_name(job->result),
		    err_text(job->result));
	}
	put_answer(s, type, job->id, job->result, body);
	buf_free(&why);
	return job->result;
}

/* A decision is an answer like any other; everything else ends us. */
static enum err
refuse(struct server *s, const struct keychannel_request *r, enum err e)
{
	put_answer(s, r->type, r->id, e, requests_refuse(&s->requests, r, e));
	return keychannel_is_decision(r->type, e) ? ERR_OK : e;
}

/* With the guard's present state. */
static void
put_answer(
    struct server *s, enum keychannel_type type, uint64_t id, enum err result, struct view body)
{
	const struct guard_state *state = guard_state(s->guard);
	struct keychannel_answer a = {.type = type,
	    .result = result,
	    .id = id,
	    .size = state->size,
	    .root = state->root,
	    .body = body};

	keychannel_write_answer(&s->output, &a);
}

/* Sends the answers; waits for a signer that does not read, with nothing else to do for it. */
static enum err
flush(struct server *s)
{
	enum err e = buf_status(&s->output);
	size_t sent = 0;

	while (e == ERR_OK && sent < s->output.size) {
		ssize_t written =
		    write(KEYCHANNEL_FD, s->output.data + sent, s->output.size - sent);

		if (written >= 0)
			sent += (size_t)written;
		else if (errno != EINTR)
			e = ERR_CLOSED; /* the signer has gone; what was asked is durable */
	}
	buf_clear(&s->output);
	return e;
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
