/*
 * Handlers that may wait for disks run in threads of the loop's pool, on a copy of the request; the
 * connection may end meanwhile. Errands wait for others, for seconds: in the pool they would hold
 * up everybody, so each has a thread of its own.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_WORK_H
#define HALLMARK_REGISTER_FRONT_HTTP_WORK_H

#include "register/front/http_state.h"

/* Requests with threads and waiting for one. The pool has 4; what waits longer is better told to.
 */
#define HTTP_JOBS_MAX 256

/* Of them errands: a thread each, which the unit's TasksMax has room for beside 64 logs. */
#define HTTP_ERRANDS_MAX 32

typedef void http_answered(
    struct http_conn *c, const struct request_head *head, const struct response *r);

/*
 * Gives the request in `bytes`, which was understood, to a thread, and with it the connection's
 * errand if it has one; `answered` is called in the loop if the connection is still there. False:
 * too many, or no memory; the errand is gone then, too.
 */
bool http_work_start(struct http_conn *c, const struct route *route, struct view bytes,
    http_answered *answered) MUST_USE;

/* The connection ends: nobody waits for the answer. */
void http_work_abandon(struct http_conn *c);

#endif
