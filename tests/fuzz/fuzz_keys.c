/*
 * Configurations of lines, as the component `config` reads them: with sections after an 'i',
 * without after anything else. What is taken becomes a component that every reader accepts, with
 * one value or more for each fact.
 */
#include <stdlib.h>

#include "collector/keys/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_component(struct component_builder *b);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	struct keyed *k = keyed_new("limits", NULL, 0);

	if (b == NULL || k == NULL)
		abort();
	if (size > 0 &&
	    lines_read((struct view){data + 1, size - 1}, data[0] == 'i', k) == ERR_OK &&
	    keyed_finish(k, b) == ERR_OK)
		check_component(b);
	keyed_free(&k);
	component_builder_free(&b);
	return 0;
}

static void
check_component(struct component_builder *b)
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
