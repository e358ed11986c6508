/*
 * Which handler answers what, as a table: the handlers are others', and so is the table.
 *
 * A pattern is a path whose segments stand for themselves, or are
 *
 *   {}   any one segment that is not empty; a parameter, decoded
 *   **   at the end: whatever follows, also nothing; as it was sent
 *
 * The first pattern that matches decides, and among those of the same path the methods do.
 */
#ifndef HALLMARK_REGISTER_FRONT_ROUTE_H
#define HALLMARK_REGISTER_FRONT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "register/front/caller.h"
#include "register/front/request_head.h"
#include "register/front/request_target.h"
#include "register/front/response.h"

#define ROUTE_PARAMETERS_MAX 4

/* A request, for its handler; valid during the call. */
struct request {
	const struct request_head *head;
	struct request_target target;
	size_t parameters;
	struct view parameter[ROUTE_PARAMETERS_MAX];
	struct view rest; /* of **: with its slash, or nothing */
	struct view body;
	const struct caller *caller; /* has a role that the route asks for */
	struct buf decoded;          /* what parameters lie in */
};

enum route_methods {
	ROUTE_GET = 1, /* and HEAD */
	ROUTE_POST = 2,
	ROUTE_DELETE = 4,
	ROUTE_ANY = 8, /* whatever it is called, CONNECT excepted */
};

/*
 * Answers. The response is begun, as 200 without a type. On the loop it must be quick; in a thread
 * of the pool it may read disks, and shares nothing with others but what its context guards.
 */
typedef void route_handler(void *context, const struct request *r, struct response *out);

/*
 * A connection that stays (http_server.h). Where the response is not a 200, it is an answer as any
 * other, and `s` is not to be used.
 */
struct http_stream;
typedef void route_stream(
    void *context, const struct request *r, struct http_stream *s, struct response *out);

/*
 * What is left to do for an answer, by a thread of its own that may wait for others for seconds. It
 * shares nothing with the loop but what its work guards; `free` is called in the loop.
 */
struct errand {
	void (*run)(void *work, struct response *out); /* the response is begun, as 200 */
	void (*free)(void *work);
	void *work;
};

/* On the loop: answers, or fills in the errand that will. */
typedef void route_errand(
    void *context, const struct request *r, struct response *out, struct errand *errand);

struct route {
	const char *pattern;
	unsigned methods;
	unsigned roles;         /* one of them is needed; 0: everybody may */
	bool threaded;          /* the handler runs in a thread of the pool */
	size_t body_max;        /* bytes */
	route_handler *handler; /* or */
	route_stream *stream;   /* or */
	route_errand *errand;
	void *context;
};

#define ROUTE_ALLOW_SIZE 64 /* "GET, HEAD, POST, DELETE", with NUL */

/*
 * The route of a request, with parameters and rest filled in. 0, or the status: 400 (a segment
 * cannot be decoded), 404, 405 with the methods that there are in `allow`, 501 (CONNECT).
 */
unsigned route_find(const struct route *routes, size_t count, struct request *r,
    const struct route **out, char allow[ROUTE_ALLOW_SIZE]);

/* Frees what parameters lie in. */
void request_free(struct request *r);

#endif
