/*
 * Extension maps in JSON: taken are those that follow the rules and are spelled as Jansson spells
 * them; and their members come out one by one.
 */
#include <stdlib.h>

#include "proto/json/json_extensions.h"
#include "tests/fuzz/extensions_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
expected(struct view bytes)
{
	json_t *map =
	    json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
	char *text = map != NULL ? json_dumps(map, JSON_COMPACT) : NULL;
	const bool good = text != NULL && bytes.size <= JSON_EXTENSIONS_SIZE_MAX &&
			  reference_is_extensions(map) && view_equal(view_of_string(text), bytes);

	free(text);
	json_decref(map);
	return good;
}

/* Put together again they are the map. */
static void
check_members(struct view map)
{
	struct view rest = map, key, value;
	struct buf again = BUF_INIT;

	while (json_extensions_next(&rest, &key, &value)) {
		buf_append_string(&again, again.size == 0 ? "{\"" : ",\"");
		buf_append_view(&again, key);
		buf_append_string(&again, "\":");
		buf_append_view(&again, value);
	}
	buf_append_byte(&again, '}');
	if (!view_equal(buf_view(&again), map))
		abort();
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	const bool good = json_extensions_check(bytes) == ERR_OK;

	if (good != expected(bytes))
		abort();
	if (good)
		check_members(bytes);
	return 0;
}
