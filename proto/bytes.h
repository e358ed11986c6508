/*
 * Borrowed byte ranges and one growable buffer: how bytes travel through Hallmark.
 */
#ifndef HALLMARK_PROTO_BYTES_H
#define HALLMARK_PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

/* A borrowed range. It owns nothing and is valid as long as what it points into. */
struct view {
	const uint8_t *data;
	size_t size; /* bytes */
};

/* A view of a NUL-terminated string, without the NUL. */
struct view view_of_string(const char *s);

/* A string literal as a view. */
#define VIEW_LITERAL(s) ((struct view){(const uint8_t *)(s), sizeof(s) - 1})

/* For "%.*s": the size as printf wants it, at most INT_MAX. */
int view_precision(struct view v);

bool view_equal(struct view a, struct view b);

/* A copy that a zero byte ends, for free(); NULL if there is no memory for it. */
char *view_to_string(struct view v);

/* Orders bytewise, the shorter first where one is the prefix of the other: < 0, 0, > 0. */
int view_compare(struct view a, struct view b);

/*
 * A growable buffer. Start from BUF_INIT, end with buf_free. Appending fails only for want of
 * memory, and then sets `failed`, which sticks: write a whole document, then ask buf_status once.
 */
struct buf {
	uint8_t *data;
	size_t size;     /* bytes in use */
	size_t capacity; /* bytes allocated */
	bool failed;
};

#define BUF_INIT ((struct buf){NULL, 0, 0, false})

/* Room for `size` more bytes at the end; NULL (and failed) for want of memory. */
uint8_t *buf_reserve(struct buf *b, size_t size);

void buf_append(struct buf *b, const void *data, size_t size);
void buf_append_view(struct buf *b, struct view v);
void buf_append_string(struct buf *b, const char *s);
void buf_append_byte(struct buf *b, uint8_t byte);

/* Appends a number in decimal, without leading zeros. */
void buf_append_decimal(struct buf *b, uint64_t number);

/* The same into memory that has room for DECIMAL_DIGITS_MAX bytes; gives the end. */
#define DECIMAL_DIGITS_MAX 20 /* of 2^64 - 1 */
uint8_t *decimal_put(uint8_t *to, uint64_t number);

void buf_append_format(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets the content and a failure, keeps the memory. */
void buf_clear(struct buf *b);

/* Drops the first `size` bytes; the rest moves to the front. */
void buf_consume(struct buf *b, size_t size);

/* ERR_OK, or ERR_MEMORY if any append failed since the last clear. */
enum err buf_status(const struct buf *b) MUST_USE;

struct view buf_view(const struct buf *b);

void buf_free(struct buf *b);

/* Big-endian integers, as all of Hallmark's own fixed formats have them. */
void be16_put(uint8_t *to, uint16_t value);
void be32_put(uint8_t *to, uint32_t value);
void be64_put(uint8_t *to, uint64_t value);
uint16_t be16_get(const uint8_t *from);
uint32_t be32_get(const uint8_t *from);
uint64_t be64_get(const uint8_t *from);

#endif
