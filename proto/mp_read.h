/*
 * Reading MessagePack item by item, without recursion and without memory: the cursor under the
 * canonical formats (bundle, component) and under the structure check of messages.
 *
 * Specification: github.com/msgpack/msgpack/blob/master/spec.md.
 */
#ifndef HALLMARK_PROTO_MP_READ_H
#define HALLMARK_PROTO_MP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

enum mp_type {
	MP_UINT,     /* a value of 0 or more, in whichever integer form */
	MP_NEGATIVE, /* below 0; the value is not kept: no format of Hallmark has one */
	MP_NIL,
	MP_BOOL,
	MP_FLOAT,
	MP_STR,
	MP_BIN,
	MP_EXT,
	MP_ARRAY,
	MP_MAP,
};

struct mp_item {
	enum mp_type type;
	bool shortest;     /* the header is the shortest that can say this */
	uint64_t number;   /* MP_UINT */
	uint32_t count;    /* MP_ARRAY: elements; MP_MAP: pairs */
	struct view bytes; /* MP_STR, MP_BIN */
};

/*
 * Takes one item off `rest`; of an array or map only the header, its elements follow. A count or
 * length is checked against the bytes that remain (an element has at least one): ERR_MSG_COUNT, as
 * for a header that is cut off. ERR_MSG_SYNTAX for the byte 0xc1. `rest` is unmoved on an error.
 */
enum err mp_next(struct view *rest, struct mp_item *item) MUST_USE;

/* The same, and the item must have this type: ERR_MSG_TYPE. */
enum err mp_expect(struct view *rest, enum mp_type type, struct mp_item *item) MUST_USE;

#endif
