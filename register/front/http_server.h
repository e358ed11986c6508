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

#include <uv.h>

#include "config/faults.h"
#include "proto/err.h"
#include "register/front/http_settings.h"

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

#endif
