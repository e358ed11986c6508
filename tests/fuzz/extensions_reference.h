/*
 * The rules of extension maps in JSON once more, over what Jansson made of one: whether it is
 * spelled right shows when it is written again.
 */
#ifndef HALLMARK_TESTS_FUZZ_EXTENSIONS_REFERENCE_H
#define HALLMARK_TESTS_FUZZ_EXTENSIONS_REFERENCE_H

#include <jansson.h>
#include <string.h>

#include "proto/text.h"

static inline bool reference_is_value(const json_t *value, unsigned depth);

static inline bool
reference_is_map(const json_t *map, unsigned depth)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	json_t *object = (json_t *)(uintptr_t)map; /* iterating does not change it */
	const char *before = "", *key;
	json_t *value;

	if (!json_is_object(map) || json_object_size(map) > 16)
		return false;
	json_object_foreach(object, key, value)
	{
		const size_t size = strlen(key);

		if (size == 0 || size > 32 || strspn(key, letters) != size ||
		    strcmp(before, key) >= 0 || !reference_is_value(value, depth + 1))
			return false;
		before = key;
	}
	return true;
}

static inline bool
reference_is_value(const json_t *value, unsigned depth)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return text_is_printable(view_of_string(json_string_value(value)), true);
	case JSON_INTEGER:
		return json_integer_value(value) >= 0 && json_integer_value(value) < (json_int_t)1
											 << 53;
	case JSON_TRUE:
	case JSON_FALSE:
		return true;
	case JSON_OBJECT:
		return depth <= 3 && reference_is_map(value, depth);
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(value); i++)
			if (!reference_is_value(json_array_get(value, i), depth + 1))
				return false;
		return depth <= 3;
	default:
		return false;
	}
}

static inline bool
reference_is_extensions(const json_t *map)
{
	return json_object_size(map) > 0 && reference_is_map(map, 0);
}

#endif
