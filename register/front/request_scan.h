/*
 * Where the head of an HTTP/1.1 request ends (RFC 9112), and whether it has the one form that all
 * who read it understand alike.
 *
 * The library that takes heads apart (request_head.h) is lenient, as it has to be with browsers; so
 * are proxies in front of us, each in its own way, and where two disagree about where a request
 * ends somebody's request becomes part of another's. What passes here cannot be read in two ways:
 *
 *   - Lines end in CR LF. Neither stands alone anywhere.
 *   - One space between method, target and version; method and names of fields are tokens, with
 *     nothing between a name and its colon; no field goes on in a second line (obs-fold).
 *   - The target has visible ASCII alone; a field's value that, space, tab and bytes from 0x80 on.
 *
 * One empty line before a request is passed over (RFC 9112, 2.2). Bytes are looked at once, as they
 * come.
 */
#ifndef HALLMARK_REGISTER_FRONT_REQUEST_SCAN_H
#define HALLMARK_REGISTER_FRONT_REQUEST_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

#define REQUEST_HEAD_SIZE_MAX 16384 /* bytes: what nginx and HAProxy pass on, and twice that */
/* Of method, target and version: RFC 9112 (3) asks for 8,000. */
#define REQUEST_LINE_SIZE_MAX 8192

/* Zero-initialised for each request. */
struct request_scan {
	size_t at;     /* bytes looked at */
	uint8_t state; /* of the table */
	bool line;     /* the first line is behind */
};

/*
 * Goes on with all bytes there are of this request. 0, and in *size the bytes of a head that is
 * whole, else 0; or the status that it is refused by: 400, 414 (its first line is too long), 431.
 */
unsigned request_scan(struct request_scan *s, struct view bytes, size_t *size);

#endif
