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

bool
component_detail(const struct component_file *f, struct view name, struct view *value)
{
	for (size_t i = 0; i < f->detail_count; i++) {
		const struct view d = f->details[i];

		if (d.size > name.size && d.data[name.size] == '=' &&
		    memcmp(d.data, name.data, name.size) == 0) {
			*value = (struct view){d.data + name.size + 1, d.size - name.size - 1};
			return true;
		}
	}
	return false;
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
component_detail_check(struct view before, struct view detail)
{
	size_t name_size = 0;

	if (detail.size > COMPONENT_DETAIL_MAX)
		return ERR_MSG_RANGE;
	while (name_size < detail.size && detail.data[name_size] != '=') {
		if (detail.data[name_size] <= 0x20 || detail.data[name_size] >= 0x7f)
			return ERR_MSG_RANGE;
		name_size++;
	}
	if (name_size == 0 || name_size == detail.size)
		return ERR_MSG_RANGE;
	for (size_t i = name_size + 1; i < detail.size; i++)
		if (detail.data[i] < 0x20 || detail.data[i] >= 0x7f)
			return ERR_MSG_RANGE;
	/* What begins with the same name and its "=" stands together. */
	if (view_compare(before, detail) >= 0 ||
	    (before.size > name_size && memcmp(before.data, detail.data, name_size + 1) == 0))
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
