/*
 * For unit tests of bundles: the pieces they are put together of, and what these are read as.
 */
#ifndef HALLMARK_TESTS_UNIT_BUNDLE_FIXTURE_H
#define HALLMARK_TESTS_UNIT_BUNDLE_FIXTURE_H

#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/evidence/bundle.h"

#define V(s) VIEW_LITERAL(s)

/* Pieces of which the tests put bundles together; every map and array has under 16 members. */
#define D32      "\xc4\0400123456789abcdef0123456789abcdef"
#define VERSION  "\xa1v\x01"
#define WORKLOAD "\xa8workload\243app"
#define SEQ      "\xa3seq\x07"
#define PREV     "\xa4prev" D32
#define NONCE    "\xa5nonce" D32
#define BOOT     "\244boot\xc4\0200123456789abcdef"
#define TIME     "\xa4time\xcd\x03\xe8"
#define NEXT     "\246next_s\x42"
#define FILES    "\245files\x93" D32 "\x05\x64"
#define HOST     "\xa4host\x93" D32 "\x00\x01"
#define PARTS    "\252components\x82" FILES HOST
#define GOOD     "\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS

/* What is behind the components. */
#define EXT(map) "\243ext" map

static inline void
expect(struct view bytes, enum err expected)
{
	/* On the heap and exactly as long, so that a sanitizer sees every byte read beyond. */
	uint8_t *copy = malloc(bytes.size + 1);
	struct bundle b;

	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	copy = realloc(copy, bytes.size > 0 ? bytes.size : 1);
	assert_non_null(copy);
	assert_int_equal(bundle_decode((struct view){copy, bytes.size}, &b), expected);
	free(copy);
}

static inline void
expect_fault(struct view bytes, const char *key)
{
	assert_true(view_equal(bundle_fault(bytes), view_of_string(key)));
}

#endif
