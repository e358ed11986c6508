#include "proto/evidence/component.h"

#include <string.h>

#include "proto/evidence/component_items.h"

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

int
component_file_compare(const struct component_file *a, const struct component_file *b)
{
	int order;

	if ((order = view_compare(a->path, b->path)) != 0 ||
	    (order = digest_compare(&a->digest, &b->digest)) != 0)
		return order;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	if (a->mode != b->mode)
		return a->mode < b->mode ? -1 : 1;
	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	if (a->gid != b->gid)
		return a->gid < b->gid ? -1 : 1;
	if (a->flags != b->flags)
		return a->flags < b->flags ? -1 : 1;
	return 0;
}

enum err
component_file_check(const struct component_file *f)
{
	if (f->path.size == 0 || f->path.size > COMPONENT_PATH_MAX ||
	    memchr(f->path.data, 0, f->path.size) != NULL)
		return ERR_MSG_RANGE;
	if (f->size > COMPONENT_FILE_BYTES_MAX || f->flags > COMPONENT_FILE_FLAG_MASK)
		return ERR_MSG_RANGE;
	return ERR_OK;
}

enum err
component_fact_name_check(struct view name)
{
	if (name.size == 0 || name.size > COMPONENT_FACT_NAME_MAX)
		return ERR_MSG_RANGE;
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] <= 0x20 || name.data[i] >= 0x7f)
			return ERR_MSG_RANGE;
	return ERR_OK;
}
