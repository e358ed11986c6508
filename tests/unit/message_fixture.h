/*
 * For tests of messages: decoding bytes and vectors, and pieces of bytes that many messages have.
 * One decoder serves all tests of a group: fixture_setup and fixture_teardown.
 */
#ifndef HALLMARK_TESTS_UNIT_MESSAGE_FIXTURE_H
#define HALLMARK_TESTS_UNIT_MESSAGE_FIXTURE_H

#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/wire/frame.h"
#include "proto/wire/message.h"

#define V(s) VIEW_LITERAL(s)
#define B16  "0123456789abcdef"
#define D32  "\xc4\x20" B16 B16

#define X "\xc4\x01x"

#define REFUSAL(count, code_name, more) V("\x92\x07" count "\xa4" code_name "\xa4text\xa1t" more)
#define CODE(code, name)                "code" code "\xa4name" name
#define BUSY                            CODE("\xcc\xd2", "\244busy")

static struct message_decoder *decoder;

/* Decodes `payload` from memory that is exactly as long. */
static inline enum err
decode(struct view payload, struct message *out)
{
	static uint8_t *copy;
	enum err e;

	free(copy);
	copy = malloc(payload.size > 0 ? payload.size : 1);
	assert_non_null(copy);
	memcpy(copy, payload.data, payload.size);
	e = message_decode(decoder, (struct view){copy, payload.size}, out);
	if (e != ERR_OK) {
		free(copy);
		copy = NULL;
	}
	return e;
}

static inline void
expect(struct view payload, enum err expected)
{
	struct message m;

	assert_int_equal(decode(payload, &m), expected);
}

/* Decodes a vector's frame; the bytes stay in `frame`. */
static inline void
vector_decode(const char *name, struct buf *frame, struct message *out)
{
	struct view payload;
	size_t used;

	buf_clear(frame);
	vector_wire(name, frame);
	assert_int_equal(frame_next(buf_view(frame), &payload, &used), ERR_OK);
	assert_int_equal(used, frame->size);
	assert_int_equal(message_decode(decoder, payload, out), ERR_OK);
}

static inline int
fixture_setup(void **state)
{
	(void)state;
	decoder = message_decoder_new();
	return decoder == NULL;
}

static inline int
fixture_teardown(void **state)
{
	(void)state;
	message_decoder_free(&decoder);
	message_decoder_free(&decoder);
	return 0;
}

#endif
