/*
 * For unit tests of lists of segments: a list and its segments, as the builder or a test made them,
 * and the component that they are when put together.
 */
#ifndef HALLMARK_TESTS_UNIT_COMPONENT_LIST_FIXTURE_H
#define HALLMARK_TESTS_UNIT_COMPONENT_LIST_FIXTURE_H

#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/digest.h"
#include "proto/evidence/component_list.h"

#define V(s) VIEW_LITERAL(s)

#define SEGMENTS_MAX 64 /* of a test */

/* A list and its segments, as a builder or a test made them. */
struct parts {
	struct buf list;
	size_t count;
	struct buf segment[SEGMENTS_MAX];
	struct view view[SEGMENTS_MAX];
	enum err sink; /* what the sink answers */
};

static inline enum err
keep_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct parts *p = context;
	struct digest made;

	assert_in_range(p->count, 0, SEGMENTS_MAX - 1);
	digest_of(bytes.data, bytes.size, &made);
	assert_true(digest_equal(&made, digest));
	buf_append_view(&p->segment[p->count], bytes);
	p->view[p->count] = buf_view(&p->segment[p->count]);
	p->count++;
	return p->sink;
}

static inline void
parts_free(struct parts *p)
{
	buf_free(&p->list);
	for (size_t i = 0; i < p->count; i++)
		buf_free(&p->segment[i]);
}

/* Facts "<prefix>0000" and so on, from back to front. */
static inline enum err
build(struct parts *p, const char *prefix, unsigned count, size_t *item_count)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	static const struct view by_hand = {(const uint8_t *)"by hand", 7};
	const struct component_fact made = {V("options"), 1, &by_hand};
	struct component_fact f = {.value_count = 0};
	char name[32];
	enum err e;

	memset(p, 0, sizeof(*p));
	assert_int_equal(component_set_made(b, &made, 1), ERR_OK);
	for (unsigned i = count; i-- > 0;) {
		(void)snprintf(name, sizeof(name), "%s%04u", prefix, i);
		f.name = view_of_string(name);
		assert_int_equal(component_add_fact(b, &f), ERR_OK);
	}
	e = component_finish_listed(b, keep_segment, p, &p->list, item_count);
	component_builder_free(&b);
	return e;
}

static inline void
expect_list(struct view bytes, enum err expected)
{
	uint8_t *copy = malloc(bytes.size + 1);
	struct component_list *l = (struct component_list *)(void *)1;

	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	copy = realloc(copy, bytes.size > 0 ? bytes.size : 1);
	assert_int_equal(component_list_decode((struct view){copy, bytes.size}, &l), expected);
	if (expected != ERR_OK)
		assert_null(l);
	component_list_free(&l);
	free(copy);
}

static inline struct component_list *
decode(const struct parts *p)
{
	struct component_list *l;

	assert_int_equal(component_list_decode(buf_view(&p->list), &l), ERR_OK);
	assert_int_equal(l->segment_count, p->count);
	return l;
}

static inline struct view
joined(const struct component_list *l, const struct view *segments, struct buf *bytes)
{
	for (size_t i = 0; i < l->segment_count; i++)
		buf_append_view(bytes, segments[i]);
	return buf_view(bytes);
}

static inline void
expect_join(const struct component_list *l, const struct view *segments, enum err expected)
{
	struct component *c = (struct component *)(void *)1;
	struct buf bytes = BUF_INIT;

	assert_int_equal(component_list_join(l, joined(l, segments, &bytes), &c), expected);
	if (expected != ERR_OK)
		assert_null(c);
	component_free(&c);
	buf_free(&bytes);
}

#endif
