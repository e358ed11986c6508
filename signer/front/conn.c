#include "signer/front/conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/logger.h"
#include "proto/wire/message.h"
#include "signer/front/conn_frames.h"
#include "signer/front/link.h"
#include "signer/front/resumption.h"
#include "signer/front/tls.h"

/* Reads per turn of the loop, so that one busy peer does not keep the others waiting. */
#define READS_PER_TURN 4

/*
 * TLS records per read: as many as there may be frames with the ledger's loop. A peer that puts
 * each byte into a record of its own would else keep the others waiting for a second.
 */
#define RECORDS_PER_READ CONN_FORWARD_FRAMES_MAX

/*
 * Steps of TLS's own per read. What can come once hands are shaken is KeyUpdate, of a few steps
 * each, and due once in millions of records (RFC 8446, 5.5). OpenSSL goes on with them, and answers
 * them, until there is data: a peer that sends nothing else would have the loop to itself.
 */
#define TLS_STEPS_MAX 64

static const unsigned moves[CONN_STATES] = {
    [CONN_HANDSHAKE] = 1U << CONN_OPEN | 1U << CONN_CLOSING | 1U << CONN_CLOSED,
    [CONN_OPEN] = 1U << CONN_CLOSING | 1U << CONN_CLOSED,
    [CONN_CLOSING] = 1U << CONN_DRAINING | 1U << CONN_CLOSED,
    [CONN_DRAINING] = 1U << CONN_CLOSED,
    [CONN_CLOSED] = 0,
};

/* Whether a call went as far as it could, and what it waits for. */
enum want { WANT_NOTHING, WANT_READ, WANT_WRITE, WANT_CLOSE };

static void move(struct conn *c, enum conn_state to);
static void on_poll(uv_poll_t *poll, int status, int events);
static void conn_settle(struct conn *c);
static void count_unread(struct conn *c);
static void log_failure(const struct conn *c, enum err e, const char *text);
static void on_closed(uv_handle_t *handle);
static void free_if_gone(struct conn *c);
static bool was_silent(const struct conn *c);
static enum want handshake(struct conn *c);
static bool begin_session(struct conn *c);
static enum want receive(struct conn *c);
static void on_tls_step(const SSL *ssl, int where, int result);
static bool is_welcome(struct conn *c, char why[VERIFIER_REASON_SIZE]);
static bool take_frames(struct conn *c, struct view bytes);
static void give_up(struct conn *c);
static void refuse(struct conn *c, enum err e, const char *why);
static enum want drain(struct conn *c);
static enum want send_output(struct conn *c);
static void wake(struct conn *c);
static enum want tls_want(struct conn *c, int result);

void
conn_open(struct conn_pool *p, int fd, const union peer *peer, uint64_t number)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->ssl = SSL_new(p->tls)) == NULL || SSL_set_fd(c->ssl, fd) != 1 ||
	    uv_poll_init(p->loop, &c->poll, fd) != 0) {
		traffic_count(p->traffic, ERR_MEMORY);
		traffic_closed(p->traffic);
		SSL_free(c != NULL ? c->ssl : NULL);
		free(c);
		close(fd);
		return;
	}
	SSL_set_accept_state(c->ssl);
	SSL_set_app_data(c->ssl, c);
	SSL_set_info_callback(c->ssl, on_tls_step);
	hello_watch_begin(c->ssl, &c->hello);
	c->poll.data = c;
	c->handle_alive = true;
	c->pool = p;
	c->fd = fd;
	c->peer = *peer;
	c->number = number;
	c->generation = p->generation;
	c->next = p->all;
	if (c->next != NULL)
		c->next->previous = c;
	p->all = c;
	deadline_arm(&p->deadlines, &c->deadline, DEADLINE_HANDSHAKE, uv_now(p->loop));
	conn_settle(c);
}

bool
conn_check(struct conn *c)
{
	const bool verifies = c->generation != c->pool->generation;
	char why[VERIFIER_REASON_SIZE];

	if (c->state != CONN_OPEN || is_welcome(c, why))
		return verifies;
	refuse(c, ERR_CERTIFICATE, why);
	return true;
}

void
conn_on_answer(struct conn *c, struct letter *answer)
{
	if (c->state != CONN_OPEN && c->state != CONN_CLOSING)
		return;
	c->forwarded -= answer->taken;
	c->forwarded_frames -= answer->taken_frames;
	c->greeted = answer->greeted;
	c->waiting = answer->waiting;
	c->owed = answer->owed;
	if (c->out.size == 0) {
		buf_free(&c->out);
		c->out = answer->bytes; /* moved */
		answer->bytes = BUF_INIT;
	} else {
		buf_append_view(&c->out, buf_view(&answer->bytes));
	}
	if (buf_status(&c->out) != ERR_OK || buf_status(&answer->bytes) != ERR_OK) {
		conn_end(c, ERR_MEMORY, NULL); /* else the peer would wait for what is missing */
		return;
	}
	if (answer->close && c->state == CONN_OPEN)
		move(c, CONN_CLOSING);
	wake(c);
}

void
conn_on_gone(struct conn *c)
{
	link_free(c->link);
	c->link = NULL;
	free_if_gone(c);
}

static void
move(struct conn *c, enum conn_state to)
{
	if ((moves[c->state] & 1U << to) == 0)
		abort();
	c->state = to;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *c = poll->data;
	bool readable = status < 0 || (events & UV_READABLE) != 0;

	if (c->state == CONN_CLOSED)
		return;
	if (events & UV_WRITABLE) {
		readable = readable || c->read_blocked;
		c->write_blocked = false;
		c->read_blocked = false;
	}
	/* An error shows again in the read, which says what it is. */
	conn_drive(c, readable);
}

void
conn_drive(struct conn *c, bool readable)
{
	enum want want = WANT_NOTHING;

	if (c->state == CONN_HANDSHAKE)
		want = handshake(c);
	for (int i = 0; want == WANT_NOTHING && c->state == CONN_OPEN && i < READS_PER_TURN; i++) {
		if (!take_frames(c, (struct view){NULL, 0}) ||
		    (!readable && !SSL_has_pending(c->ssl)))
			break;
		want = receive(c);
	}
	if (c->state == CONN_DRAINING)
		want = drain(c);
	if (want != WANT_CLOSE && (c->state == CONN_OPEN || c->state == CONN_CLOSING) &&
	    send_output(c) == WANT_CLOSE)
		want = WANT_CLOSE;
	if (c->state == CONN_CLOSED)
		return;
	if (want == WANT_CLOSE) {
		conn_end(c, c->failure, c->failure == ERR_OK ? NULL : tls_last_error());
		return;
	}
	if (c->state == CONN_CLOSING && c->out.size == 0) {
		move(c, CONN_DRAINING);
		SSL_shutdown(c->ssl);
		ERR_clear_error();
		shutdown(c->fd, SHUT_WR);
	}
	/* What was sent may have made room for frames that wait. */
	if (c->state == CONN_OPEN &&
	    (c->has_room ? want == WANT_NOTHING && SSL_has_pending(c->ssl) : conn_has_room(c)))
		wake(c);
	conn_settle(c);
}

/* Reads and forgets, until the peer closes or its time is up. */
static enum want
drain(struct conn *c)
{
	ssize_t got;

	do
		got = recv(c->fd, c->pool->scratch, CONN_SCRATCH_SIZE, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got > 0 || (got < 0 && errno == EAGAIN))
		return WANT_READ;
	return WANT_CLOSE;
}

/* Tells the loop what is awaited, and the deadlines what is due. */
static void
conn_settle(struct conn *c)
{
	struct deadlines *deadlines = &c->pool->deadlines;
	uint64_t now = uv_now(c->pool->loop);
	int events = 0;

	count_unread(c);
	if (c->state == CONN_HANDSHAKE || c->state == CONN_DRAINING ||
	    (c->state == CONN_OPEN && c->has_room && !c->read_blocked))
		events |= UV_READABLE;
	if (c->write_blocked)
		events |= UV_WRITABLE;
	if (events != c->polled) {
		if (events != 0)
			uv_poll_start(&c->poll, events, on_poll);
		else
			uv_poll_stop(&c->poll);
		c->polled = events;
	}
	if (c->state == CONN_HANDSHAKE ||
	    (c->state == CONN_OPEN && !c->greeted && c->forwarded == 0))
		deadline_keep(deadlines, &c->deadline, DEADLINE_HANDSHAKE, now);
	else if (c->out.size > 0 || c->read_blocked || c->state == CONN_DRAINING)
		deadline_keep(deadlines, &c->deadline, DEADLINE_READER, now);
	else if (!c->has_room)
		deadline_disarm(deadlines, &c->deadline);
	else if (c->in.size > 0 || (c->owed && c->forwarded == 0))
		deadline_keep(deadlines, &c->deadline, DEADLINE_FRAME, now);
	else if (c->waiting || c->forwarded > 0)
		deadline_disarm(deadlines, &c->deadline);
	else
		deadline_keep(deadlines, &c->deadline, DEADLINE_IDLE, now);
}

/* What is left after all was sent that the peer takes. */
static void
count_unread(struct conn *c)
{
	c->pool->unread_bytes += c->out.capacity;
	c->pool->unread_bytes -= c->unread;
	c->unread = c->out.capacity;
}

void
conn_end(struct conn *c, enum err e, const char *text)
{
	struct conn_pool *p = c->pool;

	if (e != ERR_OK) {
		traffic_count(p->traffic, e);
		log_failure(c, e, text != NULL ? text : err_text(e));
	}
	move(c, CONN_CLOSED);
	buf_free(&c->out);
	count_unread(c);
	deadline_disarm(&p->deadlines, &c->deadline);
	if (c->link != NULL && !p->closing)
		letter_list_add(&p->letters, link_farewell(c->link));
	if (SSL_is_init_finished(c->ssl) && c->failure == ERR_OK)
		SSL_shutdown(
		    c->ssl); /* close_notify, if the socket takes it; keeps the ticket usable */
	ERR_clear_error();
	uv_poll_stop(&c->poll);
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

static void
log_failure(const struct conn *c, enum err e, const char *text)
{
	const bool known = c->link != NULL;
	char peer[PEER_TEXT_SIZE], network[PEER_TEXT_SIZE];
	struct ration_about about = {RATION_FAULTS, "connection-failed", err_name(e),
	    known ? "collector" : "peer", {NULL, 0}};
	struct logline l;

	peer_text(&c->peer, peer);
	peer_network(&c->peer, network);
	about.name = view_of_string(known ? link_identity(c->link) : network);
	logline_begin_rationed(
	    &l, e == ERR_TLS_HANDSHAKE && was_silent(c) ? LOGGER_INFO : LOGGER_WARNING, &about);
	logline_error(&l, e);
	logline_number(&l, "connection", c->number);
	logline_string(&l, "peer", peer);
	if (c->link != NULL)
		logline_string(&l, "collector", link_identity(c->link));
	logline_string(&l, "text", text);
	logline_end(&l);
}

static void
on_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;
	struct conn_pool *p = c->pool;

	/* A connection that ended in this very turn may still be in the list of the dirty. */
	for (struct conn **link = &p->dirty; c->dirty && *link != NULL;
	     link = &(*link)->next_dirty) {
		if (*link == c) {
			*link = c->next_dirty;
			break;
		}
	}
	conn_free_tls(c);
	close(c->fd);
	traffic_closed(p->traffic);
	c->handle_alive = false;
	free_if_gone(c);
}

void
conn_free_tls(struct conn *c)
{
	if (c->ssl == NULL)
		return;
	resumption_leave(c->ssl);
	SSL_free(c->ssl);
	c->ssl = NULL;
}

/* A connection lives until both the loop and the ledger's loop have let go of it. */
static void
free_if_gone(struct conn *c)
{
	struct conn_pool *p = c->pool;

	if (c->handle_alive || c->link != NULL)
		return;
	if (p->unchecked == c)
		p->unchecked = c->next;
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		p->all = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	buf_free(&c->in);
	free(c);
}

void
conn_leave(struct conn *c)
{
	if (c->state == CONN_OPEN)
		send_output(c);
	if (c->state != CONN_CLOSED)
		conn_end(c, ERR_OK, NULL);
	c->link = NULL;
	free_if_gone(c);
}

/* Load balancers and monitors look whether somebody listens, and go. */
static bool
was_silent(const struct conn *c)
{
	return BIO_number_read(SSL_get_rbio(c->ssl)) == 0;
}

static enum want
handshake(struct conn *c)
{
	char reason[TLS_REASON_SIZE];
	int result = SSL_do_handshake(c->ssl);
	enum want want;

	if (result == 1)
		return begin_session(c) ? WANT_NOTHING : WANT_WRITE;
	want = tls_want(c, result);
	if (want == WANT_CLOSE) {
		conn_end(c, ERR_TLS_HANDSHAKE,
		    was_silent(c) ? "closed before a word was said, as probes do"
				  : tls_handshake_error(c->ssl, reason));
		return WANT_READ; /* nothing more to do for a closed one */
	}
	c->write_blocked = want == WANT_WRITE;
	return want;
}

static bool
begin_session(struct conn *c)
{
	struct conn_pool *p = c->pool;
	char identity[IDENTITY_SIZE_MAX + 1];
	char why[VERIFIER_REASON_SIZE];
	struct letter *letter = NULL;
	enum err e = tls_peer_identity(c->ssl, identity);

	c->ends_ms = uv_now(p->loop) + tls_peer_lifetime_ms(c->ssl);
	/* Its settings are those that it came under: they may have been replaced meanwhile. */
	if (e == ERR_OK && !is_welcome(c, why))
		e = ERR_CERTIFICATE;
	if (e == ERR_OK && ((letter = letter_new(LETTER_LINK)) == NULL ||
			       (c->link = link_new(c, p->front, c->number, identity,
				    tls_peer_chain(c->ssl))) == NULL))
		e = ERR_MEMORY;
	if (e != ERR_OK) {
		free(letter);
		refuse(c, e, e == ERR_CERTIFICATE ? why : err_text(e));
		return false;
	}
	hello_watch_end(c->ssl);
	tls_peer_let_in(c->ssl);
	letter->link = c->link;
	letter_list_add(&p->letters, letter);
	if (c->ends_ms < p->end_ms)
		p->end_ms = c->ends_ms;
	traffic_shaken(p->traffic, SSL_session_reused(c->ssl) == 1);
	move(c, CONN_OPEN);
	return true;
}

static enum want
send_output(struct conn *c)
{
	size_t sent = 0, written;
	enum want want = WANT_NOTHING;

	while (c->out.size > sent && !c->write_blocked && want == WANT_NOTHING) {
		int result = SSL_write_ex(c->ssl, c->out.data + sent, c->out.size - sent, &written);

		if (result == 1)
			sent += written;
		else
			want = tls_want(c, result);
	}
	if (sent > 0) {
		buf_consume(&c->out, sent);
		if (c->out.size == 0)
			buf_free(&c->out); /* an idle connection holds no buffer */
		/* The peer reads: the deadline for its reading starts anew. */
		if (c->deadline.class == DEADLINE_READER)
			deadline_disarm(&c->pool->deadlines, &c->deadline);
	}
	c->write_blocked = c->write_blocked || want == WANT_WRITE;
	return want;
}

static enum want
receive(struct conn *c)
{
	struct conn_pool *p = c->pool;
	size_t size = 0, got;
	enum want want = WANT_NOTHING;
	bool idle = c->in.size == 0;
	char why[VERIFIER_REASON_SIZE];

	c->tls_steps = 0;
	for (unsigned records = 0;
	     size < CONN_SCRATCH_SIZE && records < RECORDS_PER_READ && want == WANT_NOTHING;
	     records++) {
		int result = SSL_read_ex(c->ssl, p->scratch + size, CONN_SCRATCH_SIZE - size, &got);

		if (result == 1)
			size += got;
		else
			want = tls_want(c, result);
	}
	if (c->tls_steps > TLS_STEPS_MAX) {
		ERR_raise(ERR_LIB_SSL, SSL_R_TOO_MANY_KEY_UPDATES);
		c->failure = ERR_TLS_RECORD;
		return WANT_CLOSE;
	}
	/* TLS has an answer of its own, which the peer does not read. */
	c->read_blocked = want == WANT_WRITE;
	c->write_blocked = c->write_blocked || c->read_blocked;
	if (size > 0 && !is_welcome(c, why)) {
		refuse(c, ERR_CERTIFICATE, why);
		return WANT_READ;
	}
	if (size > 0) {
		if (idle && c->deadline.class == DEADLINE_IDLE)
			deadline_disarm(&p->deadlines, &c->deadline);
		take_frames(c, (struct view){p->scratch, size});
	}
	if (want == WANT_CLOSE && c->failure == ERR_OK && c->state == CONN_OPEN && c->in.size > 0 &&
	    c->has_room)
		c->failure = ERR_TRUNCATED;
	return want;
}

/* OpenSSL has a message of its own in its hands; too many, and it takes the stream for ended. */
static void
on_tls_step(const SSL *ssl, int where, int result)
{
	struct conn *c = SSL_get_app_data(ssl);

	(void)result;
	if (where == SSL_CB_ACCEPT_LOOP && c->state == CONN_OPEN && ++c->tls_steps > TLS_STEPS_MAX)
		SSL_set_shutdown(c->ssl, SSL_RECEIVED_SHUTDOWN);
}

/*
 * Whether the peer may still speak. With other settings than those it was let in by, it is checked
 * once: in its turn (conn_pool.c), or before that when it has something to say.
 */
static bool
is_welcome(struct conn *c, char why[VERIFIER_REASON_SIZE])
{
	struct conn_pool *p = c->pool;

	if (c->generation != p->generation && !tls_peer_is_accepted(c->ssl, p->tls, why))
		return false;
	c->generation = p->generation;
	(void)snprintf(why, VERIFIER_REASON_SIZE, "a certificate of its chain has ended");
	return uv_now(p->loop) < c->ends_ms;
}

/* False if nothing more is to be read now. */
static bool
take_frames(struct conn *c, struct view bytes)
{
	if (conn_take_frames(c, bytes) == ERR_OK)
		return c->has_room;
	give_up(c);
	return false;
}

/*
 * There is no memory for what the peer sends: it cannot go on here, and is told why. The first of
 * them has the reserve for that; the others may find the connection closed, as a handshake does.
 */
static void
give_up(struct conn *c)
{
	free(c->pool->reserve);
	c->pool->reserve = NULL;
	refuse(c, ERR_MEMORY, err_text(ERR_MEMORY));
}

/* The peer is told why, and has the time to read it: what a session has nothing to do with. */
static void
refuse(struct conn *c, enum err e, const char *why)
{
	const struct message_refusal m = {.code = e, .text = view_of_string(err_text(e))};

	buf_free(&c->in);
	message_write_refusal(&c->out, &m);
	if (buf_status(&c->out) != ERR_OK) {
		conn_end(c, e, NULL);
		return;
	}
	traffic_count(c->pool->traffic, e);
	log_failure(c, e, why);
	c->broken = true;
	c->has_room = false;
	move(c, CONN_CLOSING);
	wake(c);
}

static enum want
tls_want(struct conn *c, int result)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return WANT_CLOSE;
	default:
		c->failure = ERR_TLS_RECORD;
		return WANT_CLOSE;
	}
}

/* There is output, or room: look at this connection before the loop waits again. */
static void
wake(struct conn *c)
{
	if (c->dirty || c->state == CONN_CLOSED)
		return;
	c->dirty = true;
	c->next_dirty = c->pool->dirty;
	c->pool->dirty = c;
}
