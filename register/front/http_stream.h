/*
 * A connection that stays open, for a handler of route.h's route_stream: what is there already goes
 * into the response's body, the rest is sent as it comes, until one side ends it.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_STREAM_H
#define HALLMARK_REGISTER_FRONT_HTTP_STREAM_H

#include <stdbool.h>

#include "proto/bytes.h"

struct http_stream;

#define HTTP_STREAM_BACKLOG (1024 * 1024) /* bytes */

/*
 * Within the handler, of a response that is 200. `ended` is called once, from the loop, when the
 * peer or the server has ended it; `s` is gone then.
 */
void http_stream_begin(struct http_stream *s, void (*ended)(void *context), void *context);

/*
 * Bytes that wait for a peer who reads slowly are kept up to HTTP_STREAM_BACKLOG; beyond it false
 * comes back, and the stream ends soon: he begins anew where he was. Nobody is called from within.
 */
bool http_stream_write(struct http_stream *s, struct view bytes);

/* Sends what is left, and ends it; `ended` is not called, and `s` is gone for the caller. */
void http_stream_end(struct http_stream *s);

#endif
