/*
 * Text encodings, each with exactly one valid spelling: base64 (RFC 4648 section 4, padded),
 * base64url (section 5, unpadded, as JOSE uses it), hexadecimal in lower case, decimal without
 * leading zeros. Decoders refuse every other spelling of the same bytes (non-zero trailing bits,
 * missing or surplus padding, white space, upper-case hex, "+1", "01").
 */
#ifndef HALLMARK_PROTO_ENCODING_H
#define HALLMARK_PROTO_ENCODING_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Appends the encoding of `bytes`. */
void base64_append(struct buf *to, struct view bytes);
void base64url_append(struct buf *to, struct view bytes);
void hex_append(struct buf *to, struct view bytes);

/* Two digits a byte, lower case, into memory that has room for them. */
void hex_put(uint8_t *to, struct view bytes);

/* The same as base64url_append, into memory that has room; gives the end. */
uint8_t *base64url_put(uint8_t *to, struct view bytes);

/* Appends the decoded bytes to `to`; on ERR_FORMAT_BASE64 or ERR_FORMAT nothing is appended. */
enum err base64_decode(struct view text, struct buf *to) MUST_USE;
enum err base64url_decode(struct view text, struct buf *to) MUST_USE;
enum err hex_decode(struct view text, struct buf *to) MUST_USE;

/* Text that must yield exactly `size` bytes, into memory that has room for them. */
enum err base64_decode_exact(struct view text, uint8_t *out, size_t size) MUST_USE;
enum err hex_decode_exact(struct view text, uint8_t *out, size_t size) MUST_USE;

/* Text that must yield at most `room` bytes; `size` tells how many. */
enum err base64url_decode_into(struct view text, uint8_t *out, size_t room, size_t *size) MUST_USE;

/* 0 to 2^64-1; ERR_FORMAT_NUMBER for anything but canonical decimal. */
enum err decimal_decode(struct view text, uint64_t *out) MUST_USE;

/*
 * Takes the next line off `rest`: `line` without its '\n', `rest` moved behind it. ERR_FORMAT if
 * there is no '\n' any more.
 */
enum err line_next(struct view *rest, struct view *line) MUST_USE;

#endif
