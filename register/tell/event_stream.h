/*
 * GET /v1/events: events as they come, as server-sent events (WHATWG HTML, section 9.2):
 *
 *   id: <the event's id>
 *   event: <its kind>
 *   data: <its JSON>
 *
 * Who says what he had last, by the field Last-Event-ID or in the query as `since`, gets what came
 * behind that; else what comes from then on, and before it the newest `last` (in the query) of
 * those that are kept. One that is not kept any more is a 404: he has missed some. A comment is
 * sent from time to time, so that both sides know that the other is there.
 *
 * Each gets what he may see: events of workloads by his roles; those of the log itself where all
 * workloads are open to him.
 */
#ifndef HALLMARK_REGISTER_TELL_EVENT_STREAM_H
#define HALLMARK_REGISTER_TELL_EVENT_STREAM_H

#include <uv.h>

#include "proto/err.h"
#include "register/front/http_stream.h"
#include "register/front/route.h"

#define EVENT_STREAM_LISTENERS_MAX 256 /* each looks for itself; further ones get a 503 */
#define EVENT_STREAM_COMMENT_S     15
#define EVENT_STREAM_LAST_MAX      1000 /* some 500 KB: what somebody may look through */

struct event_stream;

/* Opens the events in the state directory. ERR_IO, ERR_MEMORY. */
enum err event_stream_open(
    uv_loop_t *loop, const char *state_directory, struct event_stream **out) MUST_USE;

/* There are new events; from any thread. `stream` is a struct event_stream. */
void event_stream_wake(void *stream);

/* A route_stream, with the event_stream as context. */
void event_stream_answer(
    void *stream, const struct request *r, struct http_stream *s, struct response *out);

/* In the loop, once nobody wakes it any more: ends all streams; frees it behind the last of its
 * handles. Takes NULL. */
void event_stream_close(struct event_stream *stream);

#endif
