/*
 * HTTP/1.1 in the main loop: listeners, connections, limits, deadlines. What is answered is others'
 * business, who give a table of routes (route.h).
 *
 *   accepted -> (TLS) -> request scanned (request_scan.h), taken apart (request_head.h), its route
 *   found, the caller's role looked at, its body awaited -> handler, on the loop or in a thread of
 *   the pool -> answer written -> the next request
 *
 * Requests that a peer sends ahead are answered in their order, one after the other. Every peer has
 * a bounded part of everything: a head, a body of what its route takes, answers of 64 KiB and one
 * more before it has to read; so many seconds for each step. An idle connection holds a few hundred
 * bytes, and no timer; at the limit of connections the one that was idle for longest makes way.
 *
 * Whatever a peer does wrong is answered with a status and a sentence where the stream still has a
 * place for one, counted, and logged by ration; then the connection ends, because where the next
 * request would begin is not known any more.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_SERVER_H
#define HALLMARK_REGISTER_FRONT_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "config/faults.h"
#include "proto/err.h"
#include "register/front/caller.h"
#include "register/front/http_tls.h"
#include "register/front/route.h"

#define HTTP_LISTENERS_MAX 8

/* One of `address` and `socket`. */
struct http_listen {
	const char *address; /* "127.0.0.1:7480", "[::1]:7480" */
	const char *socket;  /* path of a Unix socket; whoever may write to it may ask */
	const char *group;   /* whose members may; NULL: only the service's own user */
	const struct http_tls_files *tls; /* NULL: none; then the address has to be a loopback's */
	unsigned roles;                   /* of all who come here */
};

/* All of it borrowed, and lasts as long as the server. */
struct http_settings {
	const struct http_listen *listen;
	size_t listens;
	const struct grant *grants;
	size_t grant_count;
	const struct route *routes;
	size_t route_count;
	unsigned connections_max;
};

#define HTTP_CONNECTIONS_DEFAULT 20000

/* Since the start. */
struct http_counts {
	uint64_t accepted, open;
	uint64_t answered[6]; /* by the first digit of the status */
	uint64_t refused;     /* of those: what was no request that could be understood */
	uint64_t crowded_out; /* made way at the limit */
	uint64_t handshakes_failed;
	uint64_t timed_out; /* in the middle of something; idle ones are not counted */
	uint64_t streams;   /* open */
};

struct http_server;

/*
 * Listens. ERR_CONFIG with faults (an address that is no loopback's and has no TLS, files that
 * cannot be used), ERR_IO with a fault for what the system refuses, ERR_MEMORY; *out NULL then.
 */
enum err http_server_open(uv_loop_t *loop, const struct http_settings *settings,
    struct faults *faults, struct http_server **out) MUST_USE;

/*
 * Takes no more, drops idle connections, lets the others end for at most 5 s; then `closed` is
 * called, once, and the server is gone.
 */
void http_server_close(struct http_server *s, void (*closed)(void *context), void *context);

void http_server_counts(const struct http_server *s, struct http_counts *out);

/*
 * A connection that stays open, for a handler of route.h's route_stream: what is there already goes
 * into the response's body, the rest is sent as it comes, until one side ends it. `ended` is called
 * once, from the loop, when the peer or the server has ended it; `s` is gone then.
 */
void http_stream_begin(struct http_stream *s, void (*ended)(void *context), void *context);

/*
 * Bytes that wait for a peer who reads slowly are kept up to HTTP_STREAM_BACKLOG; beyond it false
 * comes back, and the stream ends soon: he begins anew where he was. Nobody is called from within.
 */
bool http_stream_write(struct http_stream *s, struct view bytes);

/* Sends what is left, and ends it; `ended` is not called, and `s` is gone for the caller. */
void http_stream_end(struct http_stream *s);

#define HTTP_STREAM_BACKLOG (1024 * 1024) /* bytes */

#endif
