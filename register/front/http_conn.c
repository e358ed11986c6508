#include "register/front/http_conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "register/front/http_answer.h"
#include "register/front/http_io.h"
#include "register/front/http_peer.h"
#include "register/front/http_work.h"

/* Bytes of answers that wait for a peer; with more than that nothing further is answered. */
#define OUT_MAX (64 * 1024)

/* A reader has his time for each so many bytes: one byte now and then is not reading. */
#define READ_STEP (16 * 1024)

/* A connection that asks again and again keeps so many bytes for its answers. */
#define OUT_KEPT (4 * 1024)

/* Milliseconds. Idle: longer than the 60 s for which nginx keeps its connections to us. */
static const uint64_t timeouts_ms[HTTP_DUES] = {
    [HTTP_DUE_HANDSHAKE] = 10000,
    [HTTP_DUE_HEAD] = 10000,
    [HTTP_DUE_BODY] = 30000,
    [HTTP_DUE_READER] = 30000,
    [HTTP_DUE_IDLE] = 90000,
    [HTTP_DUE_DRAIN] = 5000,
    [HTTP_DUE_NOW] = 0,
};

static const unsigned moves[HTTP_STATES] = {
    [HTTP_HANDSHAKE] = 1U << HTTP_READING | 1U << HTTP_CLOSED,
    [HTTP_READING] =
	1U << HTTP_WORKING | 1U << HTTP_STREAMING | 1U << HTTP_CLOSING | 1U << HTTP_CLOSED,
    [HTTP_WORKING] = 1U << HTTP_READING | 1U << HTTP_CLOSING | 1U << HTTP_CLOSED,
    [HTTP_STREAMING] = 1U << HTTP_CLOSING | 1U << HTTP_CLOSED,
    [HTTP_CLOSING] = 1U << HTTP_DRAINING | 1U << HTTP_CLOSED,
    [HTTP_DRAINING] = 1U << HTTP_CLOSED,
    [HTTP_CLOSED] = 0,
};

static void on_answer(
    struct http_conn *c, const struct request_head *head, const struct response *r);
static void on_poll(uv_poll_t *poll, int status, int events);
static bool shake(struct http_conn *c);
static bool receive(struct http_conn *c);
static void take_requests(struct http_conn *c);
static size_t take_from(struct http_conn *c, struct view bytes);
static void after(struct http_conn *c, enum http_taken taken);
static bool send_out(struct http_conn *c);
static bool drain(struct http_conn *c);
static enum http_due due_of(const struct http_conn *c);
static void count_held(struct http_conn *c);
static void on_closed(uv_handle_t *handle);

void
http_conn_open(struct http_listener *l, int fd)
{
	struct http_server *s = l->server;
	struct http_conn *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->server = s;
		c->listen = l->listen;
		c->fd = fd;
		c->number = ++s->last_number;
		c->stream.conn = c;
		c->poll.data = c;
		c->state = l->tls != NULL ? HTTP_HANDSHAKE : HTTP_READING;
	}
	if (c == NULL || (l->tls != NULL && !http_io_begin(c, l->tls)) ||
	    (l->tls == NULL && http_peer_know(c, l) != ERR_OK) ||
	    uv_poll_init(s->loop, &c->poll, fd) != 0) {
		if (c != NULL) {
			SSL_free(c->ssl);
			caller_free(&c->caller);
		}
		free(c);
		close(fd);
		return;
	}
	c->listener = l;
	DL_APPEND(s->all, c);
	s->handles++;
	s->counts.accepted++;
	s->counts.open++;
	http_conn_settle(c);
}

/* A thread has the answer to the request that was given to it. */
static void
on_answer(struct http_conn *c, const struct request_head *head, const struct response *r)
{
	const bool goes_on = http_answer_write(c, head, r, false);

	http_conn_move(c, goes_on ? HTTP_READING : HTTP_CLOSING);
	http_conn_drive(c, false);
}

void
http_conn_expire(struct http_conn *c)
{
	if (c->due != HTTP_DUE_IDLE && c->due != HTTP_DUE_DRAIN)
		c->server->counts.timed_out++;
	if (c->state != HTTP_READING || (c->due != HTTP_DUE_HEAD && c->due != HTTP_DUE_BODY)) {
		http_conn_end(c);
		return;
	}
	http_answer_refuse(c, 408, "the request did not come in time");
	http_conn_move(c, HTTP_CLOSING);
	http_conn_drive(c, false);
}

void
http_conn_end(struct http_conn *c)
{
	if (c->state == HTTP_CLOSED)
		return;
	if (c->stream.ended != NULL) {
		c->server->counts.streams--;
		c->stream.ended(c->stream.context);
		c->stream.ended = NULL;
	}
	if (c->ssl != NULL && c->state != HTTP_HANDSHAKE)
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	http_conn_move(c, HTTP_CLOSED);
	buf_free(&c->in);
	buf_free(&c->out);
	count_held(c);
	http_conn_set_due(c, HTTP_DUE_NEVER);
	http_work_abandon(c);
	(void)uv_poll_stop(&c->poll);
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

void
http_conn_leave(struct http_conn *c)
{
	if (c->state == HTTP_STREAMING) {
		http_conn_move(c, HTTP_CLOSING);
		http_conn_drive(c, false);
	} else if (c->state == HTTP_HANDSHAKE ||
		   (c->state == HTTP_READING && c->out.size == 0 && c->in.size == 0)) {
		http_conn_end(c);
	}
}

void
http_conn_move(struct http_conn *c, enum http_state to)
{
	if ((moves[c->state] & 1U << to) == 0)
		abort();
	c->state = to;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_conn *c = poll->data;
	bool readable = status < 0 || (events & UV_READABLE) != 0;

	if ((events & UV_WRITABLE) != 0) {
		readable = readable || c->read_blocked;
		c->write_blocked = false;
		c->read_blocked = false;
	}
	http_conn_drive(c, readable);
}

void
http_conn_drive(struct http_conn *c, bool readable)
{
	bool alive = c->state != HTTP_HANDSHAKE || shake(c);

	if (alive && readable && (c->state == HTTP_READING || c->state == HTTP_STREAMING))
		alive = receive(c);
	else if (alive && c->state == HTTP_DRAINING)
		alive = drain(c);
	/* What is sent makes room for answers to what was sent ahead. */
	do {
		if (alive && c->state == HTTP_READING)
			take_requests(c);
		alive = alive && send_out(c);
	} while (
	    alive && c->state == HTTP_READING && c->in.size > 0 && !c->waits && c->out.size == 0);
	if (alive && c->ended_reading && c->out.size == 0 &&
	    (c->state == HTTP_READING || c->state == HTTP_STREAMING))
		alive = false; /* no more will come, and all is answered that could be */
	if (alive && c->state == HTTP_CLOSING && c->out.size == 0) {
		http_io_finish(c);
		http_conn_move(c, HTTP_DRAINING);
		alive = !c->ended_reading;
	}
	if (alive)
		http_conn_settle(c);
	else
		http_conn_end(c);
}

/* False: it has failed. Load balancers look whether somebody listens, and go: nobody is told of
 * that. */
static bool
shake(struct http_conn *c)
{
	const enum http_want want = http_io_shake(c);
	char reason[HTTP_TLS_REASON_SIZE];
	enum err e;

	c->write_blocked = want == HTTP_WANT_WRITE;
	if (want == HTTP_WANT_READ || want == HTTP_WANT_WRITE)
		return true;
	if (want == HTTP_WANT_CLOSE) {
		if (BIO_number_read(SSL_get_rbio(c->ssl)) > 0) {
			c->server->counts.handshakes_failed++;
			http_peer_log(c, 0, http_tls_reason(c->ssl, reason));
		}
		return false;
	}
	if ((e = http_peer_know(c, c->listener)) != ERR_OK) {
		c->server->counts.handshakes_failed++;
		http_peer_log(c, 0, err_text(e));
		return false;
	}
	SSL_set1_verify_cert_store(c->ssl, NULL);
	http_conn_move(c, HTTP_READING);
	return receive(c); /* what came with the last of the handshake is not signalled again */
}

/* One read a turn, so that one busy peer does not keep the others waiting. False: it is broken. */
static bool
receive(struct http_conn *c)
{
	uint8_t *scratch = c->server->scratch;
	enum http_want want;
	size_t got, used = 0;

	want = http_io_read(c, scratch, HTTP_SCRATCH_SIZE, &got);
	c->read_blocked = want == HTTP_WANT_WRITE;
	c->write_blocked = c->write_blocked || c->read_blocked;
	if (want == HTTP_WANT_CLOSE) {
		c->ended_reading = true;
		return true;
	}
	if (c->ssl != NULL && !http_tls_is_current(c->ssl)) {
		http_peer_log(c, 0, "a certificate of its chain has ended");
		return false;
	}
	if (got == 0 || c->state == HTTP_STREAMING)
		return true; /* a stream's listener has nothing to say */
	/* Most often it is a whole request, and nothing is copied. */
	if (c->in.size == 0)
		used = take_from(c, (struct view){scratch, got});
	if (c->state == HTTP_READING || c->state == HTTP_WORKING)
		buf_append(&c->in, scratch + used, got - used);
	return buf_status(&c->in) == ERR_OK;
}

static void
take_requests(struct http_conn *c)
{
	if (c->in.size == 0)
		return;
	buf_consume(&c->in, take_from(c, buf_view(&c->in)));
	if (c->in.size == 0 && c->in.capacity > HTTP_SCRATCH_SIZE)
		buf_free(&c->in);
}

/* Answers what is there; how much of it is done with. */
static size_t
take_from(struct http_conn *c, struct view bytes)
{
	size_t done = 0, used;
	const struct route *route;

	c->waits = false;
	while (c->state == HTTP_READING && done < bytes.size && c->out.size < OUT_MAX) {
		const struct view rest = {bytes.data + done, bytes.size - done};
		enum http_taken taken = http_answer_next(c, rest, &used, &route);

		if (taken == HTTP_TAKEN_MORE) {
			c->waits = true;
			break;
		}
		done += used;
		if (taken == HTTP_TAKEN_THREAD) {
			memset(&c->scan, 0, sizeof(c->scan));
			if (!http_work_start(c, route, (struct view){rest.data, used}, on_answer)) {
				http_answer_refuse(c, 503, "too much is under way; ask again");
				taken = HTTP_TAKEN_LAST;
			}
		}
		after(c, taken);
	}
	return c->state == HTTP_CLOSING ? bytes.size : done;
}

static void
after(struct http_conn *c, enum http_taken taken)
{
	static const enum http_state next[] = {[HTTP_TAKEN_LAST] = HTTP_CLOSING,
	    [HTTP_TAKEN_THREAD] = HTTP_WORKING,
	    [HTTP_TAKEN_STREAM] = HTTP_STREAMING};

	if (taken != HTTP_TAKEN)
		http_conn_move(c, next[taken]);
}

/* False: the peer is gone. */
static bool
send_out(struct http_conn *c)
{
	size_t sent = 0, some;
	enum http_want want = HTTP_WANT_NOTHING;

	if (buf_status(&c->out) != ERR_OK)
		return false; /* an answer of which a part is missing is none */
	while (sent < c->out.size && !c->write_blocked && want == HTTP_WANT_NOTHING) {
		want = http_io_write(c, c->out.data + sent, c->out.size - sent, &some);
		sent += some;
	}
	c->write_blocked = c->write_blocked || want == HTTP_WANT_WRITE;
	if (sent > 0) {
		buf_consume(&c->out, sent);
		c->read_back += sent;
		if (c->due == HTTP_DUE_READER && c->read_back >= READ_STEP)
			http_conn_set_due(c, HTTP_DUE_NEVER);
		if (c->out.size == 0 && c->out.capacity > OUT_KEPT)
			buf_free(&c->out);
	}
	return want != HTTP_WANT_CLOSE;
}

/* Reads and forgets. */
static bool
drain(struct http_conn *c)
{
	uint8_t *scratch = c->server->scratch;
	ssize_t got = recv(c->fd, scratch, HTTP_SCRATCH_SIZE, MSG_DONTWAIT);

	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Tells the loop what is awaited, and the deadlines what is due. */
void
http_conn_settle(struct http_conn *c)
{
	int events = 0;

	count_held(c);
	if (c->state == HTTP_HANDSHAKE || c->state == HTTP_DRAINING ||
	    (c->state == HTTP_READING && c->out.size < OUT_MAX && !c->ended_reading) ||
	    (c->state == HTTP_STREAMING && !c->ended_reading))
		events |= UV_READABLE;
	if (c->write_blocked || c->out.size > 0)
		events |= UV_WRITABLE;
	if (events != c->polled) {
		if (events != 0)
			(void)uv_poll_start(&c->poll, events, on_poll);
		else
			(void)uv_poll_stop(&c->poll);
		c->polled = events;
	}
	if (c->due != HTTP_DUE_NOW && c->due != due_of(c))
		http_conn_set_due(c, due_of(c));
}

static enum http_due
due_of(const struct http_conn *c)
{
	if (c->state == HTTP_HANDSHAKE)
		return HTTP_DUE_HANDSHAKE;
	if (c->state == HTTP_DRAINING)
		return HTTP_DUE_DRAIN;
	if (c->out.size > 0)
		return HTTP_DUE_READER;
	if (c->state != HTTP_READING)
		return HTTP_DUE_NEVER;
	if (c->need > 0)
		return HTTP_DUE_BODY;
	return c->in.size > 0 ? HTTP_DUE_HEAD : HTTP_DUE_IDLE;
}

void
http_conn_set_due(struct http_conn *c, enum http_due due)
{
	struct http_server *s = c->server;

	if (c->due != HTTP_DUE_NEVER)
		DL_DELETE2(s->due[c->due], c, due_prev, due_next);
	c->due = due;
	c->read_back = 0;
	if (due == HTTP_DUE_NEVER)
		return;
	c->due_ms = uv_now(s->loop) + timeouts_ms[due];
	DL_APPEND2(s->due[due], c, due_prev, due_next);
}

static void
count_held(struct http_conn *c)
{
	const size_t now = c->in.capacity + c->out.capacity;

	c->server->held += now;
	c->server->held -= c->counted;
	c->counted = now;
}

static void
on_closed(uv_handle_t *handle)
{
	struct http_conn *c = handle->data;
	struct http_server *s = c->server;

	DL_DELETE(s->all, c);
	s->handles--;
	s->counts.open--;
	SSL_free(c->ssl);
	close(c->fd);
	caller_free(&c->caller);
	free(c);
}
