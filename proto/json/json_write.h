/*
 * Writing JSON in the one spelling that Hallmark's documents have: no white space, decimal
 * integers, strings of printable text (proto/text.h) in which '"' and '\\' alone are escaped.
 *
 * One reservation for a whole document, then every byte is put at `p`: whoever writes says first
 * how large it can become.
 */
#ifndef HALLMARK_PROTO_JSON_JSON_WRITE_H
#define HALLMARK_PROTO_JSON_JSON_WRITE_H

#include <string.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/* Bytes that a string of `size` bytes takes at most, with its quotes. */
#define JSON_STRING_SIZE_MAX(size) (2 * (size) + 2)

struct json_writer {
	struct buf *to;
	uint8_t *p;
};

/* Room for `size_max` bytes behind what `to` has. ERR_MEMORY. */
enum err json_write_begin(struct json_writer *w, struct buf *to, size_t size_max) MUST_USE;

/* What was written is in the buffer now; gives its size. */
size_t json_write_end(struct json_writer *w);

/* As it stands: keys and punctuation. Inlined, so that the size of a literal is known. */
static inline void
json_write_text(struct json_writer *w, const char *text)
{
	const size_t size = strlen(text);

	memcpy(w->p, text, size);
	w->p += size;
}

void json_write_raw(struct json_writer *w, struct view v);

/* Values; strings with their quotes. */
void json_write_string(struct json_writer *w, struct view printable);
void json_write_number(struct json_writer *w, uint64_t number);
void json_write_hex(struct json_writer *w, struct view bytes);
void json_write_digest(struct json_writer *w, const struct digest *d);
void json_write_base64url(struct json_writer *w, struct view bytes);

#endif
