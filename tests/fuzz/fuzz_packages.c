/*
 * dpkg's status file as the component `packages` reads it: what is accepted becomes a component
 * that every reader accepts, with one value a package.
 */
#include <stdio.h>
#include <stdlib.h>

#include "collector/measure/measure_packages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_component(struct component_builder *b);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);
	/* fmemopen takes no empty buffer. */
	FILE *status = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;

	if (b == NULL || (status == NULL && size > 0))
		abort();
	if (status != NULL && measure_packages_read(status, b) == ERR_OK)
		check_component(b);
	if (status != NULL)
		fclose(status);
	component_builder_free(&b);
	return 0;
}

static void
check_component(struct component_builder *b)
{
	struct buf bytes = BUF_INIT;
	struct component *c;
	size_t count;

	if (component_finish(b, &bytes, &count) != ERR_OK || count != 1 ||
	    component_decode(buf_view(&bytes), &c) != ERR_OK)
		abort();
	for (size_t i = 1; i < c->items.facts[0].value_count; i++)
		if (view_compare(c->items.facts[0].values[i - 1], c->items.facts[0].values[i]) > 0)
			abort();
	component_free(&c);
	buf_free(&bytes);
}
