#include "signer/front/conn_pool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "signer/front/conn.h"
#include "signer/front/conn_state.h"
#include "signer/front/resumption.h"
#include "signer/front/tls.h"
#include "trust/verifier.h"

/* Bytes: what a refusal takes, with TLS's buffer for a record, three times over. */
#define RESERVE_SIZE (64 * 1024)

/* Sessions of replaced settings that a tick frees: all at once would stop the loop. */
#define RETIRED_AT_ONCE 1000

/*
 * Bytes of memory that one front has for answers that peers do not read. Beyond it those go who
 * have read nothing for longest, before their time is up: 256 connections of one collector, each
 * with as many receipts as it may ask for, would take a gigabyte.
 */
#define UNREAD_MAX (64UL * 1024 * 1024)

/*
 * Peers of open connections are checked anew when files or dates change what they are let in by:
 * so long at a time, that those who have something to say are not kept waiting.
 */
#define CHECK_NS 1000000

static void begin_checks(struct conn_pool *p);
static void end_certificates(struct conn_pool *p);
static bool go_on_checking(struct conn_pool *p);
static void retire(struct conn_pool *p, size_t at_most);
static void on_busy(uv_idle_t *idle);
static void end_readers(struct conn_pool *p);
static struct conn *conn_of(struct deadline *d);

void
conn_settings_free(struct conn_settings *s)
{
	if (s == NULL)
		return;
	SSL_CTX_free(s->tls);
	free(s);
}

struct conn_pool *
conn_pool_new(
    uv_loop_t *loop, unsigned front, struct conn_settings *settings, struct traffic *traffic)
{
	struct conn_pool *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->scratch = malloc(CONN_SCRATCH_SIZE)) == NULL ||
	    (p->reserve = malloc(RESERVE_SIZE)) == NULL) {
		conn_pool_free(&p);
		return NULL;
	}
	p->loop = loop;
	p->end_ms = UINT64_MAX;
	p->front = front;
	p->traffic = traffic;
	conn_pool_set(p, settings);
	uv_idle_init(loop, &p->busy);
	p->busy.data = p;
	return p;
}

void
conn_pool_free(struct conn_pool **pp)
{
	struct conn_pool *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	SSL_CTX_free(p->tls);
	SSL_CTX_free(p->retired);
	free(p->scratch);
	free(p->reserve);
	free(p);
}

void
conn_pool_set(struct conn_pool *p, struct conn_settings *settings)
{
	retire(p, SIZE_MAX);               /* what a reload just before has left */
	if ((p->retired = p->tls) != NULL) /* moved */
		tls_context_retire(p->retired);
	p->tls = settings->tls; /* moved */
	settings->tls = NULL;
	begin_checks(p);
	memcpy(p->deadlines.timeout_ms, settings->timeout_ms, sizeof(settings->timeout_ms));
	conn_settings_free(settings);
}

struct letter_list *
conn_pool_letters(struct conn_pool *p)
{
	return &p->letters;
}

bool
conn_pool_make_room(struct conn_pool *p)
{
	struct deadline *oldest = p->deadlines.first[DEADLINE_HANDSHAKE];

	if (oldest == NULL)
		return false;
	conn_end(conn_of(oldest), ERR_CONNECTIONS, NULL);
	/* Not at the turn's end, as else: a turn may bring more peers than the limit is. */
	conn_free_tls(conn_of(oldest));
	return true;
}

void
conn_pool_refuse(struct conn_pool *p, int fd)
{
	traffic_count(p->traffic, ERR_CONNECTIONS);
	traffic_closed(p->traffic);
	close(fd);
}

void
conn_pool_flush(struct conn_pool *p)
{
	struct conn *c, *next;

	for (c = p->dirty, p->dirty = NULL; c != NULL; c = next) {
		next = c->next_dirty;
		c->dirty = false;
		if (c->state != CONN_CLOSED)
			conn_drive(c, false);
	}
	end_readers(p);
	/* What is dirty again has more to read than its share of a turn: do not wait for events. */
	if (go_on_checking(p) || p->dirty != NULL)
		uv_idle_start(&p->busy, on_busy);
	else
		uv_idle_stop(&p->busy);
}

void
conn_pool_expire(struct conn_pool *p)
{
	static const enum err errors[DEADLINE_CLASSES] = {
	    [DEADLINE_HANDSHAKE] = ERR_TIMEOUT_HANDSHAKE,
	    [DEADLINE_FRAME] = ERR_TIMEOUT_FRAME,
	    [DEADLINE_READER] = ERR_TIMEOUT_READER,
	    [DEADLINE_IDLE] = ERR_TIMEOUT_IDLE,
	};
	struct deadline *d;

	if (time(NULL) >= p->change_s)
		begin_checks(p);
	if (uv_now(p->loop) >= p->end_ms)
		end_certificates(p);
	if (p->reserve == NULL)
		p->reserve = malloc(RESERVE_SIZE); /* if not now, then the next time */
	while ((d = deadline_expired(&p->deadlines, uv_now(p->loop))) != NULL)
		conn_end(conn_of(d), errors[d->class], NULL);
	retire(p, RETIRED_AT_ONCE);
}

void
conn_pool_close(struct conn_pool *p)
{
	p->closing = true;
	for (struct conn *c = p->all, *next; c != NULL; c = next) {
		next = c->next;
		conn_leave(c);
	}
	uv_close((uv_handle_t *)&p->busy, NULL);
}

static void
begin_checks(struct conn_pool *p)
{
	X509_STORE *clients = NULL;

	p->generation++;
	p->unchecked = p->all;
	(void)SSL_CTX_get0_verify_cert_store(p->tls, &clients);
	p->change_s = verifier_next_change_s(clients, (int64_t)time(NULL));
}

/* A certificate of somebody's chain has ended: looks whose, and when the next one will. */
static void
end_certificates(struct conn_pool *p)
{
	p->end_ms = UINT64_MAX;
	for (struct conn *c = p->all; c != NULL; c = c->next) {
		if (c->state != CONN_OPEN)
			continue;
		if (uv_now(p->loop) >= c->ends_ms)
			(void)conn_check(c);
		else if (c->ends_ms < p->end_ms)
			p->end_ms = c->ends_ms;
	}
}

/* False when all are checked. A connection that is closed stays in the list for this turn. */
static bool
go_on_checking(struct conn_pool *p)
{
	const uint64_t until_ns = uv_hrtime() + CHECK_NS;

	while (p->unchecked != NULL) {
		struct conn *c = p->unchecked;

		p->unchecked = c->next;
		if (conn_check(c) && uv_hrtime() >= until_ns)
			return p->unchecked != NULL;
	}
	return false;
}

static void
retire(struct conn_pool *p, size_t at_most)
{
	if (p->retired == NULL || resumption_retire(p->retired, at_most) > 0)
		return;
	SSL_CTX_free(p->retired);
	p->retired = NULL;
}

static void
end_readers(struct conn_pool *p)
{
	struct deadline *slowest;

	while (
	    p->unread_bytes > UNREAD_MAX && (slowest = p->deadlines.first[DEADLINE_READER]) != NULL)
		conn_end(conn_of(slowest), ERR_TIMEOUT_READER, NULL);
}

/* Only keeps the loop from waiting; conn_pool_flush does the work. */
static void
on_busy(uv_idle_t *idle)
{
	(void)idle;
}

static struct conn *
conn_of(struct deadline *d)
{
	return (struct conn *)(void *)((char *)d - offsetof(struct conn, deadline));
}
