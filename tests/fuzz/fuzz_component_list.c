/*
 * Lists and their segments. The input is the size of a list (two bytes), the list, and the bytes of
 * its segments one behind the other. What can be put together has one spelling: building it again
 * gives the same segments, whose counts and sizes are those that the list says.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component_list.h"

#define SEGMENTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the segments to be compared. */
struct compare {
	const struct view *segments;
	size_t left;
};

static void with_segments(const struct component_list *l, struct view bytes);
static void build_again(
    const struct component_list *l, const struct component *c, const struct view *segments);
static enum err compare_segment(void *context, struct view bytes, const struct digest *digest);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct component_list *l;
	struct view list;
	enum err e;

	if (size < 2)
		return 0;
	list = (struct view){data + 2, be16_get(data)};
	if (list.size > size - 2)
		list.size = size - 2;
	if ((e = component_list_decode(list, &l)) != ERR_OK) {
		if (e != ERR_COMPONENT_FORMAT || l != NULL)
			abort();
		return 0;
	}
	if (l->segment_count <= SEGMENTS_MAX && l->listed_size <= size - 2 - list.size)
		with_segments(l, (struct view){list.data + list.size, l->listed_size});
	component_list_free(&l);
	return 0;
}

static void
with_segments(const struct component_list *l, struct view bytes)
{
	struct view segments[SEGMENTS_MAX] = {{NULL, 0}};
	struct component *c;
	struct view rest = bytes;
	bool good = true;

	for (size_t i = 0; i < l->segment_count; i++) {
		segments[i] = (struct view){rest.data, l->segments[i].size};
		rest.data += segments[i].size;
		good = component_segment_check(l->kind, &l->segments[i], i + 1 == l->segment_count,
			   segments[i]) == ERR_OK &&
		       good;
	}
	if (component_list_join(l, bytes, &c) != ERR_OK) {
		if (c != NULL)
			abort();
		return;
	}
	if (!good || c->item_count != l->item_count || c->made_count != l->made_count)
		abort();
	build_again(l, c, segments);
	component_free(&c);
}

static void
build_again(const struct component_list *l, const struct component *c, const struct view *segments)
{
	struct component_builder *b = component_builder_new(c->kind);
	struct compare left = {segments, l->segment_count};
	struct buf list = BUF_INIT;
	size_t count;

	if (b == NULL || component_set_made(b, c->made, c->made_count) != ERR_OK)
		abort();
	for (size_t i = c->item_count; i-- > 0;)
		if ((component_kind_shape(c->kind) == COMPONENT_SHAPE_FILE
			    ? component_add_file(b, &c->items.files[i])
			    : component_add_fact(b, &c->items.facts[i])) != ERR_OK)
			abort();
	if (component_finish_listed(b, compare_segment, &left, &list, &count) != ERR_OK ||
	    left.left != 0 || count != c->item_count)
		abort();
	component_builder_free(&b);
	buf_free(&list);
}

static enum err
compare_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct compare *c = context;

	(void)digest;
	if (c->left == 0 || !view_equal(*c->segments, bytes))
		abort();
	c->segments++;
	c->left--;
	return ERR_OK;
}
