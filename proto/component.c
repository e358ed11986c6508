#include "proto/component.h"

#include <string.h>

#define KIND_ROW(identifier, name, shape)                                                          \
	[identifier] = {name, sizeof(name) - 1, COMPONENT_SHAPE_##shape},
static const struct kind_row {
	const char *name;
	size_t size; /* bytes of the name */
	enum component_shape shape;
} kinds[COMPONENT_KIND_COUNT] = {COMPONENT_KIND_MAP(KIND_ROW)};
#undef KIND_ROW

const char *
component_kind_name(enum component_kind kind)
{
	return kinds[kind].name;
}

enum component_shape
component_kind_shape(enum component_kind kind)
{
	return kinds[kind].shape;
}

enum err
component_kind_from_name(struct view name, enum component_kind *out)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		if (name.size == kinds[k].size &&
		    memcmp(name.data, kinds[k].name, name.size) == 0) {
			*out = (enum component_kind)k;
			return ERR_OK;
		}
	}
	return ERR_MSG_RANGE;
}
