/*
 * What a process may write of itself: status, arguments, environment; the first byte says as what
 * the rest is read. Whatever is taken makes a component that a signer takes.
 */
#include <stdlib.h>

#include "collector/measure/measure_runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err add_facts(uint8_t as, struct view text, struct component_builder *to);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct component_builder *builder;
	struct component *c = NULL;
	struct buf bytes = BUF_INIT;
	size_t count;

	if (size == 0)
		return 0;
	if ((builder = component_builder_new(COMPONENT_RUNTIME)) == NULL)
		abort();
	if (add_facts(data[0], (struct view){data + 1, size - 1}, builder) == ERR_OK &&
	    component_finish(builder, &bytes, &count) == ERR_OK &&
	    (component_decode(buf_view(&bytes), &c) != ERR_OK || c->item_count != count))
		abort();
	component_free(&c);
	component_builder_free(&builder);
	buf_free(&bytes);
	return 0;
}

static enum err
add_facts(uint8_t as, struct view text, struct component_builder *to)
{
	static const char *const names[] = {"PATH", "LD_PRELOAD"};

	switch (as) {
	case 's':
		return measure_runtime_status(text, to);
	case 'a':
		return measure_runtime_arguments(text, to);
	case 'e':
		return measure_runtime_environment(
		    text, names, sizeof(names) / sizeof(names[0]), to);
	default:
		return ERR_FORMAT;
	}
}
