#include "policy/layout/merge.h"

#include <string.h>

#define FACTS "facts" /* the key of lists that are joined */

static struct yaml_node *merge_mappings(
    struct yaml_tree *t, struct yaml_node *under, struct yaml_node *over);
static struct yaml_node *merge_values(struct yaml_tree *t, const struct yaml_node *key,
    struct yaml_node *under, struct yaml_node *over);
static void add_pair(struct yaml_node *n, struct yaml_node *key, struct yaml_node *value);
static struct yaml_node *node_over(struct yaml_tree *t, struct yaml_node *over, size_t room);

struct yaml_node *
merge_over(struct yaml_tree *t, struct yaml_node *under, struct yaml_node *over)
{
	if (under->shape == YAML_SHAPE_MAPPING && over->shape == YAML_SHAPE_MAPPING)
		return merge_mappings(t, under, over);
	return over;
}

struct yaml_node *
merge_without(struct yaml_tree *t, struct yaml_node *mapping, struct view key)
{
	struct yaml_node *n;

	if (yaml_node_pair(mapping, key) == NULL)
		return mapping;
	n = node_over(t, mapping, mapping->count);
	for (size_t i = 0; i < mapping->count; i += 2)
		if (mapping->child[i]->shape != YAML_SHAPE_SCALAR ||
		    !view_equal(mapping->child[i]->text, key))
			add_pair(n, mapping->child[i], mapping->child[i + 1]);
	return n;
}

struct yaml_node *
merge_joined(struct yaml_tree *t, struct yaml_node *first, const struct yaml_node *second)
{
	struct yaml_node *n = node_over(t, first, first->count + second->count);

	for (size_t i = 0; i < first->count + second->count; i++) {
		struct yaml_node *entry =
		    i < first->count ? first->child[i] : second->child[i - first->count];

		n->child[n->count++] = entry;
		n->size += entry->size;
	}
	n->faulty = n->faulty || second->faulty;
	return n;
}

static struct yaml_node *
merge_mappings(struct yaml_tree *t, struct yaml_node *under, struct yaml_node *over)
{
	struct yaml_node *n = node_over(t, over, under->count + over->count);

	for (size_t i = 0; i < over->count; i += 2) {
		struct yaml_node *key = over->child[i], *value = over->child[i + 1];
		struct yaml_node *const *before;

		if (key->faulty)
			continue;
		if ((before = yaml_node_pair(under, key->text)) != NULL)
			value = merge_values(t, key, before[1], value);
		add_pair(n, key, value);
	}
	for (size_t i = 0; i < under->count; i += 2)
		if (!under->child[i]->faulty && yaml_node_pair(over, under->child[i]->text) == NULL)
			add_pair(n, under->child[i], under->child[i + 1]);
	n->faulty = n->faulty || under->faulty;
	return n;
}

static struct yaml_node *
merge_values(struct yaml_tree *t, const struct yaml_node *key, struct yaml_node *under,
    struct yaml_node *over)
{
	if (view_equal(key->text, VIEW_LITERAL(FACTS)) && under->shape == YAML_SHAPE_LIST &&
	    over->shape == YAML_SHAPE_LIST)
		return merge_joined(t, under, over);
	return merge_over(t, under, over);
}

static void
add_pair(struct yaml_node *n, struct yaml_node *key, struct yaml_node *value)
{
	n->child[n->count++] = key;
	n->child[n->count++] = value;
	n->size += key->size + value->size;
}

/* Empty, in the place of `over`, with room for so many children. */
static struct yaml_node *
node_over(struct yaml_tree *t, struct yaml_node *over, size_t room)
{
	struct yaml_node *n = yaml_tree_memory(t, 1, sizeof(*n));

	*n = (struct yaml_node){.file = over->file,
	    .line = over->line,
	    .shape = over->shape,
	    .faulty = over->faulty,
	    .merged = true,
	    .above = over,
	    .size = 1};
	n->child = yaml_tree_memory(t, room, sizeof(struct yaml_node *));
	return n;
}
