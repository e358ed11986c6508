/*
 * What package managers keep, as the component `packages` reads it: any bytes become a fact that
 * every reader accepts, or are refused for their size. The first byte says whose they are: 'a'
 * apk's list, 'd' dpkg's status, 'j' dpkg's status and the same once more as its journal, 'h' the
 * header of a package of rpm, 's' rpm's database.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/packages/apk.h"
#include "collector/packages/dpkg.h"
#include "collector/packages/package_list.h"
#include "collector/packages/rpm.h"
#include "collector/packages/rpm_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err add(uint8_t whose, struct view data, struct component_builder *to);
static enum err add_header(struct view data, struct component_builder *to);
static enum err add_database(struct view data, struct component_builder *to);
static void check_component(struct component_builder *b);
static void check_value(struct view value);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);

	if (b == NULL)
		abort();
	if (size > 0 && add(data[0], (struct view){data + 1, size - 1}, b) == ERR_OK)
		check_component(b);
	component_builder_free(&b);
	return 0;
}

static enum err
add(uint8_t whose, struct view data, struct component_builder *to)
{
	switch (whose) {
	case 'a':
		return apk_add_read(data, to);
	case 'd':
		return dpkg_add_read(data, (struct view){NULL, 0}, to);
	case 'j':
		return dpkg_add_read(data, data, to);
	case 'h':
		return add_header(data, to);
	default:
		return add_database(data, to);
	}
}

static enum err
add_header(struct view data, struct component_builder *to)
{
	struct values list = VALUES_INIT;
	struct buf version = BUF_INIT;
	struct package package;
	enum err e;

	rpm_header_read(data, &version, &package);
	if ((e = package_list_add(&list, &package)) == ERR_OK)
		e = values_finish(&list, VALUES_SORTED, "rpm", to);
	values_free(&list);
	buf_free(&version);
	return e;
}

static enum err
add_database(struct view data, struct component_builder *to)
{
	struct buf database = BUF_INIT;
	enum err e;

	buf_append_view(&database, data);
	e = rpm_add_read(&database, to);
	buf_free(&database);
	return e;
}

static void
check_component(struct component_builder *b)
{
	const struct component_fact *fact;
	struct buf bytes = BUF_INIT;
	struct component *c;
	size_t count;

	if (component_finish(b, &bytes, &count) != ERR_OK || count != 1 ||
	    component_decode(buf_view(&bytes), &c) != ERR_OK)
		abort();
	fact = &c->items.facts[0];
	for (size_t i = 0; i < fact->value_count; i++) {
		check_value(fact->values[i]);
		if (i > 0 && view_compare(fact->values[i - 1], fact->values[i]) > 0)
			abort();
	}
	component_free(&c);
	buf_free(&bytes);
}

/* Three to five words. */
static void
check_value(struct view value)
{
	size_t words = 1;

	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < ' ' || value.data[i] > '~')
			abort();
		if (value.data[i] == ' ')
			words++;
		if (value.data[i] == ' ' && (i == 0 || value.data[i - 1] == ' '))
			abort();
	}
	if (words < 3 || words > 5)
		abort();
}
