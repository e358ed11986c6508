#include "collector/keys/yaml_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "collector/keys/keyed.h"
#include "collector/keys/keypath.h"

struct anchor {
	size_t node;
	size_t text, size; /* its name */
};

struct yaml_nodes {
	yaml_parser_t parser;
	bool ended; /* the stream */
	struct yaml_node *list;
	size_t count, capacity;
	size_t before; /* nodes of documents before this one */
	size_t directives;
	struct buf text;
	struct anchor anchors[YAML_ANCHORS_MAX];
	size_t anchor_count;
	size_t open[KEYPATH_DEPTH_MAX]; /* what has not ended yet */
	size_t depth;
};

static size_t count_directives(struct view stream);
static bool begins_line(struct view text, size_t at);
static enum err take(struct yaml_nodes *n, const yaml_event_t *event, bool *done);
static enum err open_node(
    struct yaml_nodes *n, enum yaml_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag);
static enum err add(
    struct yaml_nodes *n, enum yaml_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag);
static enum err add_scalar(struct yaml_nodes *n, const yaml_event_t *event);
static enum err add_alias(struct yaml_nodes *n, struct view name);
static enum err add_anchor(struct yaml_nodes *n, struct view name);
static struct view text_at(const struct yaml_nodes *n, size_t begin, size_t size);
static struct view view_of(const yaml_char_t *text);

struct yaml_nodes *
yaml_nodes_new(struct view stream)
{
	static const uint8_t nothing[1];
	struct yaml_nodes *n = calloc(1, sizeof(*n));

	if (n == NULL || yaml_parser_initialize(&n->parser) == 0) {
		free(n);
		return NULL;
	}
	n->text = BUF_INIT;
	n->directives = count_directives(stream);
	yaml_parser_set_encoding(&n->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &n->parser, stream.size > 0 ? stream.data : nothing, stream.size);
	return n;
}

void
yaml_nodes_free(struct yaml_nodes **n)
{
	if (*n == NULL)
		return;
	yaml_parser_delete(&(*n)->parser);
	buf_free(&(*n)->text);
	free((*n)->list);
	free(*n);
	*n = NULL;
}

enum err
yaml_nodes_next(struct yaml_nodes *n, const struct yaml_node **list, size_t *count)
{
	enum err e = ERR_OK;
	bool done = false;

	if (n->directives > YAML_DIRECTIVES_MAX)
		return ERR_FORMAT_SIZE;
	n->before += n->count;
	n->count = n->anchor_count = n->depth = 0;
	buf_clear(&n->text);
	while (e == ERR_OK && !done && !n->ended) {
		yaml_event_t event;

		if (yaml_parser_parse(&n->parser, &event) == 0)
			return n->parser.error == YAML_MEMORY_ERROR ? ERR_MEMORY : ERR_FORMAT;
		e = take(n, &event, &done);
		yaml_event_delete(&event);
	}
	*list = n->list;
	*count = n->count;
	return e == ERR_OK ? buf_status(&n->text) : e;
}

struct view
yaml_nodes_text(const struct yaml_nodes *n, const struct yaml_node *scalar)
{
	return text_at(n, scalar->text, scalar->size);
}

struct view
yaml_nodes_tag(const struct yaml_nodes *n, const struct yaml_node *tagged)
{
	return text_at(n, tagged->tag_text, tagged->tag_size);
}

/* No less than there are: "%" at the beginning of a line can be text, too. */
static size_t
count_directives(struct view stream)
{
	size_t count = 0;

	for (size_t i = 0; i < stream.size; i++)
		count += stream.data[i] == '%' && begins_line(stream, i);
	return count;
}

static bool
begins_line(struct view text, size_t at)
{
	static const struct view ends[] = {VIEW_LITERAL("\n"), VIEW_LITERAL("\r"),
	    VIEW_LITERAL("\xc2\x85"), VIEW_LITERAL("\xe2\x80\xa8"), VIEW_LITERAL("\xe2\x80\xa9")};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (at >= ends[i].size &&
		    memcmp(text.data + at - ends[i].size, ends[i].data, ends[i].size) == 0)
			return true;
	return at == 0;
}

static enum err
take(struct yaml_nodes *n, const yaml_event_t *event, bool *done)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return add_scalar(n, event);
	case YAML_ALIAS_EVENT:
		return add_alias(n, view_of(event->data.alias.anchor));
	case YAML_SEQUENCE_START_EVENT:
		return open_node(n, YAML_SEQUENCE, event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_node(n, YAML_MAPPING, event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		n->list[n->open[--n->depth]].end = n->count;
		return ERR_OK;
	case YAML_STREAM_END_EVENT:
		n->ended = true;
		return ERR_OK;
	case YAML_DOCUMENT_END_EVENT:
		*done = true;
		return ERR_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		return ERR_OK;
	}
	return ERR_FORMAT;
}

static enum err
open_node(
    struct yaml_nodes *n, enum yaml_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	enum err e;

	if (n->depth == KEYPATH_DEPTH_MAX)
		return ERR_FORMAT_SIZE;
	if ((e = add(n, kind, anchor, tag)) != ERR_OK)
		return e;
	n->open[n->depth++] = n->count - 1;
	n->list[n->count - 1].end = 0;
	return ERR_OK;
}

static enum err
add(struct yaml_nodes *n, enum yaml_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	const struct view tag_view = view_of(tag);
	struct yaml_node *more;
	enum err e;

	if (n->before + n->count == YAML_NODES_MAX || n->text.size > KEYED_BYTES_MAX)
		return ERR_FORMAT_SIZE;
	if (n->count == n->capacity) {
		const size_t capacity = n->capacity > 0 ? 2 * n->capacity : 256;

		if ((more = realloc(n->list, capacity * sizeof(*more))) == NULL)
			return ERR_MEMORY;
		n->list = more;
		n->capacity = capacity;
	}
	if (anchor != NULL && (e = add_anchor(n, view_of(anchor))) != ERR_OK)
		return e;
	n->list[n->count] = (struct yaml_node){.kind = kind,
	    .tagged = tag != NULL,
	    .tag_text = n->text.size,
	    .tag_size = tag_view.size,
	    .end = n->count + 1};
	buf_append_view(&n->text, tag_view);
	n->count++;
	return ERR_OK;
}

static enum err
add_scalar(struct yaml_nodes *n, const yaml_event_t *event)
{
	const struct view text = {event->data.scalar.value, event->data.scalar.length};
	struct yaml_node *scalar;
	enum err e = add(n, YAML_SCALAR, event->data.scalar.anchor, event->data.scalar.tag);

	if (e != ERR_OK)
		return e;
	scalar = &n->list[n->count - 1];
	scalar->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	scalar->text = n->text.size;
	scalar->size = text.size;
	buf_append_view(&n->text, text);
	return ERR_OK;
}

/* The anchor that was named so last. It may not be around the alias: that would have no end. */
static enum err
add_alias(struct yaml_nodes *n, struct view name)
{
	size_t i = n->anchor_count;
	enum err e;

	while (
	    i > 0 && !view_equal(text_at(n, n->anchors[i - 1].text, n->anchors[i - 1].size), name))
		i--;
	if (i == 0 || n->list[n->anchors[i - 1].node].end == 0)
		return ERR_FORMAT;
	if ((e = add(n, YAML_ALIAS, NULL, NULL)) == ERR_OK)
		n->list[n->count - 1].target = n->anchors[i - 1].node;
	return e;
}

/* Of the node that comes next. */
static enum err
add_anchor(struct yaml_nodes *n, struct view name)
{
	if (n->anchor_count == YAML_ANCHORS_MAX)
		return ERR_FORMAT_SIZE;
	n->anchors[n->anchor_count++] = (struct anchor){n->count, n->text.size, name.size};
	buf_append_view(&n->text, name);
	return ERR_OK;
}

static struct view
text_at(const struct yaml_nodes *n, size_t begin, size_t size)
{
	if (n->text.failed || size == 0)
		return (struct view){NULL, 0};
	return (struct view){n->text.data + begin, size};
}

static struct view
view_of(const yaml_char_t *text)
{
	return text != NULL ? view_of_string((const char *)text) : (struct view){NULL, 0};
}
