#include "config/yaml_node.h"

#include <stdlib.h>
#include <string.h>

static size_t index_of(const char **path);

struct yaml_node *const *
yaml_node_pair(const struct yaml_node *mapping, struct view key)
{
	for (size_t i = 0; mapping->shape == YAML_SHAPE_MAPPING && i < mapping->count; i += 2)
		if (mapping->child[i]->shape == YAML_SHAPE_SCALAR && !mapping->child[i]->faulty &&
		    view_equal(mapping->child[i]->text, key))
			return &mapping->child[i];
	return NULL;
}

struct yaml_place
yaml_node_find(const struct yaml_node *n, const char *path)
{
	struct yaml_place at = {n, NULL};

	while (*path != '\0' && at.value != NULL) {
		size_t size = strcspn(path, ".[");
		struct yaml_node *const *pair;

		if (size == 0 && *path == '[') {
			const size_t index = index_of(&path);
			const bool there =
			    at.value->shape == YAML_SHAPE_LIST && index < at.value->count;

			at = (struct yaml_place){there ? at.value->child[index] : NULL, NULL};
		} else if (size > 0) {
			pair = yaml_node_pair(at.value, (struct view){(const uint8_t *)path, size});
			at = pair != NULL ? (struct yaml_place){pair[1], pair[0]}
					  : (struct yaml_place){NULL, NULL};
		}
		path += size + (path[size] == '.');
	}
	return at;
}

void
yaml_node_path(const struct yaml_node *n, struct buf *to)
{
	const struct yaml_node *in = n->above;

	if (in == NULL)
		return;
	yaml_node_path(in, to);
	if (n->merged)
		return;
	if (in->shape == YAML_SHAPE_LIST) {
		buf_append_format(to, "[%u]", n->place);
	} else if (n->place % 2 == 1) {
		if (to->size > 0)
			buf_append_byte(to, '.');
		buf_append_view(to, in->child[n->place - 1]->text);
	}
}

/* Of "[12]", which it passes over. */
static size_t
index_of(const char **path)
{
	char *end;
	const unsigned long long index = strtoull(*path + 1, &end, 10);

	*path = end + (*end == ']');
	return (size_t)index;
}

bool
yaml_node_is_same(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->shape != b->shape)
		return false;
	if (a->shape == YAML_SHAPE_SCALAR)
		return a->plain == b->plain && view_equal(a->text, b->text);
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!yaml_node_is_same(a->child[i], b->child[i]))
			return false;
	return true;
}
