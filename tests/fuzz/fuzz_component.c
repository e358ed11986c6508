/* Components: what decodes has one spelling, and building it again gives these bytes. */
#include <stdlib.h>

#include "proto/evidence/component.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build_again(const struct component *c, struct buf *to);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct buf again = BUF_INIT;
	struct component *c;
	enum err e = component_decode(bytes, &c);

	if (e != ERR_OK) {
		if (e != ERR_COMPONENT_FORMAT || c != NULL)
			abort();
		return 0;
	}
	build_again(c, &again);
	if (!view_equal(buf_view(&again), bytes))
		abort();
	component_free(&c);
	buf_free(&again);
	return 0;
}

/* Backwards, so that the builder has something to sort. */
static void
build_again(const struct component *c, struct buf *to)
{
	struct component_builder *b = component_builder_new(c->kind);
	size_t count;

	if (b == NULL || component_set_made(b, c->made, c->made_count) != ERR_OK)
		abort();
	for (size_t i = c->item_count; i-- > 0;) {
		if (component_kind_shape(c->kind) == COMPONENT_SHAPE_FILE) {
			if (component_add_file(b, &c->items.files[i]) != ERR_OK)
				abort();
		} else {
			if (component_add_fact(b, &c->items.facts[i]) != ERR_OK)
				abort();
		}
	}
	if (component_finish(b, to, &count) != ERR_OK || count != c->item_count)
		abort();
	component_builder_free(&b);
}
