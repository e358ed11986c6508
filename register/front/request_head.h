/*
 * The head of an HTTP/1.1 or 1.0 request, taken apart: RFC 9110 and 9112, by the library
 * http-parser, of heads that request_scan.h has let pass.
 *
 * A body comes by Content-Length alone. Transfer-Encoding is refused, as RFC 9112 (6.3) allows: who
 * asks here knows how long his request is, and a second way to tell where it ends is one too many.
 */
#ifndef HALLMARK_REGISTER_FRONT_REQUEST_HEAD_H
#define HALLMARK_REGISTER_FRONT_REQUEST_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

#define REQUEST_FIELDS_MAX 64 /* browsers send 20, proxies add 10 */

struct request_field {
	struct view name, value; /* without the white space around it */
};

/* Views into the bytes that it was read from. */
struct request_head {
	struct view method, target;
	unsigned minor;  /* of HTTP/1.1, or 1.0 */
	bool keep;       /* the connection is wanted for further requests */
	bool expects;    /* 100-continue */
	uint64_t length; /* of the body, bytes */
	size_t fields;
	struct request_field field[REQUEST_FIELDS_MAX];
};

/*
 * 0, or the status that it is refused by: 400, 411 (chunked), 417, 431 (too many fields), 501 (a
 * method or a coding that is not known), 505.
 */
unsigned request_head_parse(struct view bytes, struct request_head *out);

/* The value of the first field of this name, in lower case; a view of nothing if there is none. */
struct view request_head_field(const struct request_head *h, const char *name);

#endif
