/*
 * For unit tests of components: what their bytes are read as. Whoever reads has them on the heap
 * and exactly as long, so that a sanitizer sees every byte read beyond.
 */
#ifndef HALLMARK_TESTS_UNIT_COMPONENT_FIXTURE_H
#define HALLMARK_TESTS_UNIT_COMPONENT_FIXTURE_H

#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/evidence/component.h"

#define V(s) VIEW_LITERAL(s)

static inline void
expect(struct view bytes, enum err expected)
{
	struct component *c = (struct component *)(void *)1;
	uint8_t *copy = malloc(bytes.size + 1);

	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	copy = realloc(copy, bytes.size > 0 ? bytes.size : 1);
	assert_int_equal(component_decode((struct view){copy, bytes.size}, &c), expected);
	if (expected != ERR_OK)
		assert_null(c);
	component_free(&c);
	free(copy);
}

static inline void
refused(struct view bytes)
{
	expect(bytes, ERR_COMPONENT_FORMAT);
}

#endif
