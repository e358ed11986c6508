#include "register/front/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/logger.h"
#include "register/front/http_conn.h"
#include "register/front/http_listener.h"

/* How often deadlines are looked at: to a tenth of the shortest. */
#define TICK_MS 500

#define CLOSING_MS 5000

static enum err open_listeners(struct http_server *s, struct faults *faults);
static void on_tick(uv_timer_t *timer);
static void on_timer_closed(uv_handle_t *handle);
static void end_all(struct http_server *s);

enum err
http_server_open(uv_loop_t *loop, const struct http_settings *settings, struct faults *faults,
    struct http_server **out)
{
	struct http_server *s = calloc(1, sizeof(*s));
	enum err e;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->loop = loop;
	s->settings = *settings;
	if ((e = open_listeners(s, faults)) != ERR_OK) {
		for (size_t i = 0; i < s->listeners; i++)
			http_listener_discard(&s->listener[i]);
		free(s);
		return e;
	}
	for (size_t i = 0; i < s->listeners; i++)
		http_listener_begin(&s->listener[i]);
	(void)uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	s->handles++;
	(void)uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
	*out = s;
	return ERR_OK;
}

void
http_server_close(struct http_server *s, void (*closed)(void *context), void *context)
{
	s->closed = closed;
	s->closed_context = context;
	s->closing = true;
	s->closing_ms = uv_now(s->loop) + CLOSING_MS;
	for (size_t i = 0; i < s->listeners; i++)
		http_listener_close(&s->listener[i]);
	for (struct http_conn *c = s->all, *next; c != NULL; c = next) {
		next = c->next;
		http_conn_leave(c);
	}
	(void)uv_timer_start(&s->timer, on_tick, 1, 20);
}

void
http_server_counts(const struct http_server *s, struct http_counts *out)
{
	*out = s->counts;
}

static enum err
open_listeners(struct http_server *s, struct faults *faults)
{
	enum err worst = ERR_OK, e;

	if (s->settings.listens > HTTP_LISTENERS_MAX) {
		faults_add(faults, "listen", 0, "listen: expected at most %d, found %zu",
		    HTTP_LISTENERS_MAX, s->settings.listens);
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < s->settings.listens; i++) {
		struct http_listener *l = &s->listener[s->listeners++];

		e = http_listener_open(l, s, &s->settings.listen[i], faults);
		if (e != ERR_OK)
			worst = e;
	}
	return worst;
}

static void
on_tick(uv_timer_t *timer)
{
	struct http_server *s = timer->data;
	const uint64_t now_ms = uv_now(s->loop);

	for (unsigned due = HTTP_DUE_NEVER + 1; due < HTTP_DUES; due++)
		while (s->due[due] != NULL && s->due[due]->due_ms <= now_ms)
			http_conn_expire(s->due[due]);
	if (!s->closing) {
		for (size_t i = 0; i < s->listeners; i++)
			http_listener_resume(&s->listener[i]);
		return;
	}
	if (now_ms >= s->closing_ms)
		end_all(s);
	if (s->handles == 1 && s->jobs == 0) /* the timer alone is left */
		uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct http_server *s = handle->data;
	void (*closed)(void *) = s->closed;
	void *context = s->closed_context;

	free(s);
	closed(context);
}

static void
end_all(struct http_server *s)
{
	for (struct http_conn *c = s->all, *next; c != NULL; c = next) {
		next = c->next;
		http_conn_end(c);
	}
}
