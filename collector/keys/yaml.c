#include "collector/keys/yaml.h"

#include "collector/keys/characters.h"
#include "collector/keys/keypath.h"
#include "collector/keys/yaml_nodes.h"

struct walk {
	struct yaml_nodes *nodes;
	const struct yaml_node *list; /* of the document */
	struct keypath path;
	struct buf value;
	struct keyed *to;
	size_t steps;
};

static enum err put_node(struct walk *w, size_t index);
static enum err put_below(struct walk *w, size_t index);
static enum err go_down(struct walk *w, size_t name);
static enum err put_scalar(struct walk *w, const struct yaml_node *scalar);
static enum err put_tag(struct walk *w, const struct yaml_node *tagged);
static void append_tag(struct walk *w, const struct yaml_node *tagged);
static enum err put(struct walk *w);

enum err
yaml_keys_read(struct view text, struct keyed *to)
{
	struct walk w = {.nodes = yaml_nodes_new(characters_begin(text)),
	    .path = KEYPATH_INIT,
	    .value = BUF_INIT,
	    .to = to};
	enum err e = w.nodes != NULL ? ERR_OK : ERR_MEMORY;
	size_t count = 1;

	while (e == ERR_OK && count > 0)
		if ((e = yaml_nodes_next(w.nodes, &w.list, &count)) == ERR_OK && count > 0)
			e = put_node(&w, 0);
	yaml_nodes_free(&w.nodes);
	keypath_free(&w.path);
	buf_free(&w.value);
	return e;
}

/* Calls itself once for each level of the path: no node is below what an alias in it means. */
static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
put_node(struct walk *w, size_t index)
{
	const struct yaml_node *node = &w->list[index];
	enum err e;

	if (++w->steps > YAML_STEPS_MAX)
		return ERR_FORMAT_SIZE;
	if (node->kind == YAML_ALIAS) {
		index = node->target;
		node = &w->list[index];
	}
	if (node->kind == YAML_SCALAR)
		return put_scalar(w, node);
	if (node->tagged && (e = put_tag(w, node)) != ERR_OK)
		return e;
	return put_below(w, index);
}

static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
put_below(struct walk *w, size_t index)
{
	const struct yaml_node *node = &w->list[index];
	const bool is_mapping = node->kind == YAML_MAPPING;
	const size_t depth = w->path.depth;
	size_t number = 0;
	enum err e;

	if (node->end == index + 1)
		return keyed_put(w->to, keypath_view(&w->path),
		    is_mapping ? VIEW_LITERAL("{}") : VIEW_LITERAL("[]"));
	for (size_t i = index + 1; i < node->end; i = w->list[i].end) {
		if (is_mapping) {
			e = go_down(w, i);
			i = w->list[i].end;
		} else {
			e = keypath_index(&w->path, number++);
		}
		if (e != ERR_OK || (e = put_node(w, i)) != ERR_OK)
			return e;
		keypath_back(&w->path, depth);
	}
	return ERR_OK;
}

static enum err
go_down(struct walk *w, size_t name)
{
	const struct yaml_node *node = &w->list[name];

	if (node->kind == YAML_ALIAS)
		node = &w->list[node->target];
	if (node->kind != YAML_SCALAR || node->tagged)
		return ERR_FORMAT;
	return keypath_name(&w->path, yaml_nodes_text(w->nodes, node));
}

static enum err
put_scalar(struct walk *w, const struct yaml_node *scalar)
{
	buf_clear(&w->value);
	if (scalar->tagged) {
		append_tag(w, scalar);
		buf_append_byte(&w->value, ' ');
	}
	if (scalar->quoted)
		buf_append_byte(&w->value, '"');
	buf_append_view(&w->value, yaml_nodes_text(w->nodes, scalar));
	if (scalar->quoted)
		buf_append_byte(&w->value, '"');
	return put(w);
}

static enum err
put_tag(struct walk *w, const struct yaml_node *tagged)
{
	buf_clear(&w->value);
	append_tag(w, tagged);
	return put(w);
}

static void
append_tag(struct walk *w, const struct yaml_node *tagged)
{
	const struct view tag = yaml_nodes_tag(w->nodes, tagged);

	buf_append_string(&w->value, "!<");
	for (size_t i = 0; i < tag.size; i++) {
		if (tag.data[i] == '>')
			keyed_append_escaped(&w->value, '>');
		else
			keyed_append(&w->value, tag.data[i]);
	}
	buf_append_byte(&w->value, '>');
}

static enum err
put(struct walk *w)
{
	const enum err e = buf_status(&w->value);

	return e == ERR_OK ? keyed_put(w->to, keypath_view(&w->path), buf_view(&w->value)) : e;
}
