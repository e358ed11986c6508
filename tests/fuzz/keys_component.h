/*
 * What a reader of configurations makes of any bytes: what it takes becomes a component that every
 * reader accepts, with one value or more for each fact.
 */
#ifndef HALLMARK_TESTS_FUZZ_KEYS_COMPONENT_H
#define HALLMARK_TESTS_FUZZ_KEYS_COMPONENT_H

#include <stdlib.h>

#include "collector/keys/keyed.h"

static inline void
keys_check_component(struct component_builder *b)
{
	struct buf bytes = BUF_INIT;
	struct component *c;
	size_t count;

	if (component_finish(b, &bytes, &count) != ERR_OK) {
		buf_free(&bytes); /* more than a plain one holds */
		return;
	}
	if (component_decode(buf_view(&bytes), &c) != ERR_OK)
		abort();
	for (size_t i = 0; i < c->item_count; i++)
		if (c->items.facts[i].value_count == 0)
			abort();
	component_free(&c);
	buf_free(&bytes);
}

static inline void
keys_check(enum err (*read)(struct view text, struct keyed *to), struct view text)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	struct keyed *k = keyed_new("limits", NULL, 0);

	if (b == NULL || k == NULL)
		abort();
	if (read(text, k) == ERR_OK && keyed_finish(k, b) == ERR_OK)
		keys_check_component(b);
	keyed_free(&k);
	component_builder_free(&b);
}

#endif
