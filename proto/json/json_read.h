/*
 * Reading JSON in the one spelling that Hallmark's documents have (proto/json/json_write.h).
 *
 * Not a parser for JSON: whoever reads a document knows what stands where, and takes the pieces off
 * in their order. What is not the piece that is asked for is refused; so another order, a space,
 * another escape, a number with an exponent need no rule. One pass, and nothing is allocated as
 * long as no string holds an escape.
 *
 * Each function gives false where that piece is not next, and the document is then to be given up:
 * how far was read is not told. json_read_end says how it went.
 */
#ifndef HALLMARK_PROTO_JSON_JSON_READ_H
#define HALLMARK_PROTO_JSON_JSON_READ_H

#include <stdbool.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define JSON_NUMBER_MAX ((1ULL << 53) - 1) /* exact in readers that compute in doubles */

struct json_reader {
	const uint8_t *p, *end;
	struct buf *strings; /* those with an escape, without it; the caller's */
	size_t size_max;     /* of the document: `strings` is never moved once it has this room */
};

/* Strings are views of `document` or, those with an escape, of `strings`, which is cleared. */
void json_read_begin(struct json_reader *r, struct view document, struct buf *strings);

/* ERR_OK if all went well and nothing follows; ERR_MEMORY; else ERR_FORMAT. */
enum err json_read_end(const struct json_reader *r, bool went_well) MUST_USE;

/* Exactly these bytes. Inlined, so that the size of a literal is known. */
static inline __attribute__((always_inline)) bool
json_read_raw(struct json_reader *r, struct view v)
{
	if ((size_t)(r->end - r->p) < v.size || memcmp(r->p, v.data, v.size) != 0)
		return false;
	r->p += v.size;
	return true;
}

static inline __attribute__((always_inline)) bool
json_read_text(struct json_reader *r, const char *text)
{
	return json_read_raw(r, (struct view){(const uint8_t *)text, strlen(text)});
}

/* Whether these bytes are next; they stay. */
static inline bool
json_read_sees(const struct json_reader *r, const char *text)
{
	const size_t size = strlen(text);

	return (size_t)(r->end - r->p) >= size && memcmp(r->p, text, size) == 0;
}

/* Printable text (proto/text.h), which may be empty. */
bool json_read_string(struct json_reader *r, struct view *out);

/* A word of ours, which needs no escape: a-z, 0-9 and '-'; 1 to `size_max` bytes. */
bool json_read_word(struct json_reader *r, size_t size_max, struct view *out);

/* 0 to JSON_NUMBER_MAX */
bool json_read_number(struct json_reader *r, uint64_t *out);

bool json_read_digest(struct json_reader *r, struct digest *out);

/* Exactly `size` bytes in hex. */
bool json_read_hex(struct json_reader *r, uint8_t *out, size_t size);

/* 1 to `room` bytes in base64url; `size` tells how many. */
bool json_read_base64url(struct json_reader *r, uint8_t *out, size_t room, size_t *size);

#endif
