#include "register/tell/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "register/tell/event_store.h"

/* Sent to one before the others have their turn. */
#define TURN_EVENTS 256

#define HANDLES 2

struct listener {
	struct event_stream *all;
	struct listener *next, **link; /* link: what points to it */
	struct http_stream *to;
	struct caller caller;
	uint64_t number; /* of the newest event that was looked at for it */
};

struct event_stream {
	struct event_store *store;
	struct listener *first;
	size_t count;
	uv_async_t news;
	uv_timer_t comment;
	unsigned handles; /* open */
};

static unsigned find_start(struct event_stream *all, const struct request *r, uint64_t *number);
static bool count_before(struct view query, uint64_t *out);
static void send_events(struct event_stream *all);
static bool send_turn(struct listener *l);
static bool may_see(const struct listener *l, const struct event_row *event);
static bool send_event(struct listener *l, const struct event_row *event);
static void drop(struct listener *l);
static void on_ended(void *listener);
static void on_news(uv_async_t *handle);
static void on_comment(uv_timer_t *handle);
static void on_closed(uv_handle_t *handle);

enum err
event_stream_open(uv_loop_t *loop, const char *state_directory, struct event_stream **out)
{
	struct event_stream *all = calloc(1, sizeof(*all));
	struct buf path = BUF_INIT;
	enum err e = ERR_MEMORY;

	*out = NULL;
	buf_append_format(&path, "%s/" EVENT_STORE_FILE, state_directory);
	buf_append_byte(&path, '\0');
	if (all != NULL && buf_status(&path) == ERR_OK &&
	    (e = event_store_open((const char *)path.data, &all->store)) == ERR_OK) {
		if (uv_async_init(loop, &all->news, on_news) == 0) {
			(void)uv_timer_init(loop, &all->comment);
			(void)uv_timer_start(&all->comment, on_comment,
			    EVENT_STREAM_COMMENT_S * 1000, EVENT_STREAM_COMMENT_S * 1000);
			all->news.data = all->comment.data = all;
			all->handles = HANDLES;
		} else {
			e = ERR_MEMORY;
		}
	}
	buf_free(&path);
	if (e != ERR_OK && all != NULL) {
		event_store_close(&all->store);
		free(all);
		all = NULL;
	}
	*out = all;
	return e;
}

void
event_stream_wake(void *stream)
{
	struct event_stream *all = stream;

	(void)uv_async_send(&all->news);
}

void
event_stream_answer(
    void *stream, const struct request *r, struct http_stream *s, struct response *out)
{
	struct event_stream *all = stream;
	struct listener *l;
	uint64_t number;
	const unsigned status = find_start(all, r, &number);

	if (status == 404) {
		response_refuse(out, 404,
		    "this event is not kept: some were missed; begin anew, with what the answers "
		    "about workloads say now");
		return;
	}
	if (status != 0 || all->count == EVENT_STREAM_LISTENERS_MAX) {
		response_refuse(out, status != 0 ? status : 503,
		    status != 0
			? "expected one id of an event in since, or a number up to 1000 in last"
			: "as many listen already as may");
		return;
	}
	if ((l = calloc(1, sizeof(*l))) == NULL || caller_copy(&l->caller, r->caller) != ERR_OK) {
		free(l);
		response_refuse(out, 503, "no memory");
		return;
	}
	l->all = all;
	l->to = s;
	l->number = number;
	l->next = all->first;
	l->link = &all->first;
	if (l->next != NULL)
		l->next->link = &l->next;
	all->first = l;
	all->count++;
	out->type = "text/event-stream";
	http_stream_begin(s, on_ended, l);
	(void)uv_async_send(&all->news);
}

void
event_stream_close(struct event_stream *all)
{
	if (all == NULL)
		return;
	for (struct listener *l = all->first, *next; l != NULL; l = next) {
		next = l->next;
		http_stream_end(l->to);
		drop(l);
	}
	uv_close((uv_handle_t *)&all->news, on_closed);
	uv_close((uv_handle_t *)&all->comment, on_closed);
}

/* 0, or the status of the refusal. */
static unsigned
find_start(struct event_stream *all, const struct request *r, uint64_t *number)
{
	struct view last = request_head_field(r->head, "last-event-id");
	struct buf since = BUF_INIT;
	const int found = request_target_parameter(r->target.query, "since", &since);
	uint64_t kept = 0;
	unsigned status = 0;
	enum err e;

	if (found > 0 && last.size == 0)
		last = buf_view(&since);
	if (found < 0 || !count_before(r->target.query, &kept))
		status = 400;
	else if ((e = last.size > 0 ? event_store_find(all->store, last, number)
				    : event_store_newest(all->store, number)) != ERR_OK)
		status = e == ERR_NOT_FOUND ? 404 : 503;
	else if (last.size == 0)
		*number -= *number < kept ? *number : kept;
	buf_free(&since);
	return status;
}

/* How many that were told already are told first: `last` in the query. False: it is no such number.
 */
static bool
count_before(struct view query, uint64_t *out)
{
	struct buf text = BUF_INIT;
	const int found = request_target_parameter(query, "last", &text);
	const bool good =
	    found == 0 || (found > 0 && decimal_decode(buf_view(&text), out) == ERR_OK &&
			      *out <= EVENT_STREAM_LAST_MAX);

	buf_free(&text);
	return good;
}

static void
send_events(struct event_stream *all)
{
	struct listener *next;
	bool more = false;

	for (struct listener *l = all->first; l != NULL; l = next) {
		next = l->next;
		more = send_turn(l) || more;
	}
	if (more)
		(void)uv_async_send(&all->news);
}

/* True: there is more for it. */
static bool
send_turn(struct listener *l)
{
	struct event_row event;

	for (unsigned i = 0; i < TURN_EVENTS; i++) {
		if (event_store_next(l->all->store, l->number, &event) != ERR_OK)
			return false;
		l->number = event.number;
		if (may_see(l, &event) && !send_event(l, &event))
			return false; /* it reads too slowly, and is ended */
	}
	return true;
}

static bool
may_see(const struct listener *l, const struct event_row *event)
{
	return event->workload.size > 0 ? caller_may_see(&l->caller, event->log, event->workload)
					: caller_sees_all(&l->caller);
}

static bool
send_event(struct listener *l, const struct event_row *event)
{
	struct buf text = BUF_INIT;
	bool sent;

	buf_append_string(&text, "id: ");
	buf_append_view(&text, event->id);
	buf_append_format(&text, "\nevent: %s\ndata: ", event_kind_name(event->kind));
	buf_append_view(&text, event->json);
	buf_append_string(&text, "\n\n");
	sent = buf_status(&text) == ERR_OK && http_stream_write(l->to, buf_view(&text));
	buf_free(&text);
	return sent;
}

static void
drop(struct listener *l)
{
	*l->link = l->next;
	if (l->next != NULL)
		l->next->link = l->link;
	l->all->count--;
	caller_free(&l->caller);
	free(l);
}

static void
on_ended(void *listener)
{
	drop(listener);
}

static void
on_news(uv_async_t *handle)
{
	send_events(handle->data);
}

/* And looks: what was committed by a process before this one was told to nobody. */
static void
on_comment(uv_timer_t *handle)
{
	static const char comment[] = ":\n\n";
	struct event_stream *all = handle->data;

	for (struct listener *l = all->first, *next; l != NULL; l = next) {
		next = l->next;
		(void)http_stream_write(
		    l->to, (struct view){(const uint8_t *)comment, sizeof(comment) - 1});
	}
	send_events(all);
}

static void
on_closed(uv_handle_t *handle)
{
	struct event_stream *all = handle->data;

	if (--all->handles > 0)
		return;
	event_store_close(&all->store);
	free(all);
}
