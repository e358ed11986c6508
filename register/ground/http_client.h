/*
 * Asking others by HTTP, for threads that may wait: one connection, kept as long as the other side
 * keeps it. Of this program the only file that takes libcurl.
 *
 * Only http and https; nothing is followed elsewhere (a redirect is an answer as any other), no
 * proxy and no file of the environment's is used, and TLS is checked against the CAs that were
 * named. What the other side says is bounded in time and size.
 */
#ifndef HALLMARK_REGISTER_GROUND_HTTP_CLIENT_H
#define HALLMARK_REGISTER_GROUND_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

struct http_client;

/* Once, before there are threads. ERR_MEMORY. */
enum err http_client_begin_library(void) MUST_USE;

/*
 * `ca`: PEM file with those that https is checked against; NULL: the system's. `cancelled` is asked
 * while it waits, and ends that if true; may be NULL. ERR_MEMORY.
 */
enum err http_client_new(const char *ca, bool (*cancelled)(void *context), void *context,
    struct http_client **out) MUST_USE;
void http_client_free(struct http_client **c);

struct http_wanted {
	const char *url;
	uint32_t timeout_ms; /* of all of it */
	size_t size_max;     /* bytes of the answer's body */
	bool ranged;         /* of a GET: `length` bytes from `from` on are wanted (Range) */
	uint64_t from, length;
	bool post; /* `body` is sent */
	struct view body;
	const char *const *fields; /* whole, without line ends: "Name: value" */
	size_t field_count;
};

#define HTTP_CLIENT_WHY_SIZE 320 /* bytes, with NUL */

/*
 * Appends the body of the answer, of whatever status. ERR_IO if there was none in time, or
 * it was cancelled; ERR_FORMAT_SIZE over `size_max`; ERR_UNSUPPORTED for a URL of
 * another scheme, or one that is none; ERR_MEMORY. `why` says it in words; they may hold what the
 * other side said.
 */
enum err http_client_ask(struct http_client *c, const struct http_wanted *wanted, unsigned *status,
    struct buf *body, char why[HTTP_CLIENT_WHY_SIZE]) MUST_USE;

#endif
