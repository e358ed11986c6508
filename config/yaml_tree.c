#include "config/yaml_tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "proto/region.h"
#include "proto/text.h"

#define SHOWN_MAX 80 /* bytes of an anchor or a tag inside a fault */

struct yaml_tree {
	struct region memory;
};

struct reading {
	yaml_parser_t parser;
	struct yaml_tree *tree;
	struct faults *faults;
	struct view bytes;
	const char *file;
	unsigned depth;
	bool lost; /* the parser cannot go on, or is not allowed to */
	/* Children of the values that are not complete yet, the innermost last. */
	struct yaml_node **open;
	size_t open_count, open_size;
};

static struct yaml_node *read_document(struct reading *r, bool *sound);
static struct yaml_node *read_value(struct reading *r, yaml_event_t *begun);
static void read_children(struct reading *r, struct yaml_node *n);
static struct yaml_node *node_new(struct reading *r, const yaml_event_t *e);
static void take_scalar(struct reading *r, const yaml_event_t *e, struct yaml_node *n);
static void keep_open(struct reading *r, struct yaml_node *child);
static bool event_next(struct reading *r, yaml_event_t *e);
static const char *mend_of(const struct reading *r);
static bool is_indented_by_tab(const struct reading *r);
static unsigned problem_line(const struct reading *r);
static void refuse_mark(
    struct reading *r, struct yaml_node *n, const char *what, const yaml_char_t *mark);

struct yaml_tree *
yaml_tree_new(void)
{
	struct yaml_tree *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	return t;
}

void
yaml_tree_free(struct yaml_tree **t)
{
	if (*t == NULL)
		return;
	region_free(&(*t)->memory);
	free(*t);
	*t = NULL;
}

void *
yaml_tree_memory(struct yaml_tree *t, size_t count, size_t size)
{
	return region_memory(&t->memory, count, size);
}

struct yaml_node *
yaml_tree_read(
    struct yaml_tree *t, const char *file, struct view bytes, struct faults *faults, bool *sound)
{
	struct reading r = {.tree = t, .faults = faults, .bytes = bytes};
	const size_t size = strlen(file) + 1;
	struct yaml_node *n;

	r.file = memcpy(yaml_tree_memory(t, size, 1), file, size);
	if (!yaml_parser_initialize(&r.parser))
		abort(); /* for want of memory, at start */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	/* libyaml asserts that there is an address, also of nothing. */
	yaml_parser_set_input_string(
	    &r.parser, bytes.size > 0 ? bytes.data : (const uint8_t *)"", bytes.size);
	n = read_document(&r, sound);
	yaml_parser_delete(&r.parser);
	free(r.open);
	return n;
}

static struct yaml_node *
read_document(struct reading *r, bool *sound)
{
	struct yaml_node *n = NULL;
	yaml_event_t e;

	*sound = false;
	for (;;) {
		if (!event_next(r, &e))
			return NULL;
		if (e.type != YAML_STREAM_START_EVENT && e.type != YAML_DOCUMENT_START_EVENT)
			break;
		yaml_event_delete(&e);
	}
	if (e.type == YAML_STREAM_END_EVENT)
		faults_add(
		    r->faults, r->file, 0, "the file is empty; the samples show what it needs");
	else
		n = read_value(r, &e);
	yaml_event_delete(&e);
	if (n == NULL || !event_next(r, &e)) /* end of the document */
		return n;
	yaml_event_delete(&e);
	if (!event_next(r, &e))
		return n;
	if (e.type != YAML_STREAM_END_EVENT)
		faults_add(r->faults, r->file, (unsigned)e.start_mark.line + 1,
		    "a second document begins here; a file holds one: take out the \"---\"");
	yaml_event_delete(&e);
	*sound = !n->marked;
	return n;
}

static struct yaml_node *
read_value(struct reading *r, yaml_event_t *begun)
{
	struct yaml_node *n = node_new(r, begun);

	if (n->shape != YAML_SHAPE_LIST && n->shape != YAML_SHAPE_MAPPING)
		return n;
	if (++r->depth > YAML_DEPTH_MAX) {
		faults_add(r->faults, r->file, n->line, "nested more than %d deep", YAML_DEPTH_MAX);
		r->lost = true;
		n->cut = true;
		return n;
	}
	read_children(r, n);
	r->depth--;
	return n;
}

static void
read_children(struct reading *r, struct yaml_node *n)
{
	const yaml_event_type_t end =
	    n->shape == YAML_SHAPE_LIST ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
	const size_t begun = r->open_count;
	yaml_event_t e;

	for (;;) {
		struct yaml_node *child;
		bool over;

		if (!event_next(r, &e)) {
			n->cut = true;
			break;
		}
		over = e.type == end;
		if (!over) {
			child = read_value(r, &e);
			child->above = n;
			child->place = (unsigned)(r->open_count - begun);
			n->size += child->size;
			keep_open(r, child);
		}
		yaml_event_delete(&e);
		if (over)
			break;
	}
	n->count = r->open_count - begun;
	if (n->shape == YAML_SHAPE_MAPPING)
		n->count -= n->count % 2; /* a key alone, where the text broke off */
	n->child = yaml_tree_memory(r->tree, n->count, sizeof(struct yaml_node *));
	if (n->count > 0)
		memcpy(n->child, r->open + begun, n->count * sizeof(struct yaml_node *));
	r->open_count = begun;
}

static struct yaml_node *
node_new(struct reading *r, const yaml_event_t *e)
{
	struct yaml_node *n = yaml_tree_memory(r->tree, 1, sizeof(*n));

	n->file = r->file;
	n->line = (unsigned)e->start_mark.line + 1;
	n->size = 1;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		take_scalar(r, e, n);
		break;
	case YAML_SEQUENCE_START_EVENT:
		n->shape = YAML_SHAPE_LIST;
		refuse_mark(r, n, "anchor", e->data.sequence_start.anchor);
		refuse_mark(r, n, "tag", e->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		n->shape = YAML_SHAPE_MAPPING;
		refuse_mark(r, n, "anchor", e->data.mapping_start.anchor);
		refuse_mark(r, n, "tag", e->data.mapping_start.tag);
		break;
	default:
		n->shape = YAML_SHAPE_ALIAS;
		break;
	}
	return n;
}

static void
take_scalar(struct reading *r, const yaml_event_t *e, struct yaml_node *n)
{
	const size_t size = e->data.scalar.length;
	uint8_t *text = yaml_tree_memory(r->tree, size + 1, 1);

	if (size > 0)
		memcpy(text, e->data.scalar.value, size);
	n->shape = YAML_SHAPE_SCALAR;
	n->text = (struct view){text, size};
	n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	refuse_mark(r, n, "anchor", e->data.scalar.anchor);
	refuse_mark(r, n, "tag", e->data.scalar.tag);
}

static void
keep_open(struct reading *r, struct yaml_node *child)
{
	if (r->open_count == r->open_size) {
		const size_t size = r->open_size > 0 ? 2 * r->open_size : 64;
		struct yaml_node **grown = realloc(r->open, size * sizeof(*grown));

		if (grown == NULL)
			abort();
		r->open = grown;
		r->open_size = size;
	}
	r->open[r->open_count++] = child;
}

/* False at a fault of syntax: then the parser cannot go on, and `lost` is set. */
static bool
event_next(struct reading *r, yaml_event_t *e)
{
	if (r->lost)
		return false;
	if (yaml_parser_parse(&r->parser, e))
		return true;
	faults_add(r->faults, r->file, problem_line(r), "not valid YAML: %s%s%s%s",
	    r->parser.problem != NULL ? r->parser.problem : "no memory",
	    r->parser.context != NULL ? ", " : "",
	    r->parser.context != NULL ? r->parser.context : "", mend_of(r));
	r->lost = true;
	return false;
}

/* What libyaml does not say: a pattern such as * has to stand in quotes, and a block's keys below
 * each other. */
static const char *
mend_of(const struct reading *r)
{
	const yaml_parser_t *p = &r->parser;

	if (is_indented_by_tab(r))
		return "; a tab stands before its text: YAML is indented by spaces";
	if (p->context == NULL)
		return "";
	if (strstr(p->context, "scanning an alias") != NULL)
		return "; a text that begins with * has to stand in quotes: \"*\"";
	if (strstr(p->context, "parsing a block") != NULL)
		return "; do the keys of one block, here or above, begin in the same column?";
	return "";
}

/* The line at which the parser stopped. */
static bool
is_indented_by_tab(const struct reading *r)
{
	size_t at = 0;

	for (size_t line = 0; line < r->parser.problem_mark.line && at < r->bytes.size; at++)
		line += r->bytes.data[at] == '\n';
	while (at < r->bytes.size && r->bytes.data[at] == ' ')
		at++;
	return at < r->bytes.size && r->bytes.data[at] == '\t';
}

/* A byte that no YAML may have is met before lines are counted: libyaml knows its place only. */
static unsigned
problem_line(const struct reading *r)
{
	size_t line = r->parser.problem_mark.line;

	if (r->parser.error == YAML_READER_ERROR && r->parser.problem_offset <= r->bytes.size) {
		line = 0;
		for (size_t i = 0; i < r->parser.problem_offset; i++)
			line += r->bytes.data[i] == '\n';
	}
	return line >= UINT_MAX ? 0 : (unsigned)line + 1;
}

static void
refuse_mark(struct reading *r, struct yaml_node *n, const char *what, const yaml_char_t *mark)
{
	const bool anchor = what[0] == 'a';
	struct buf found = BUF_INIT;

	if (mark == NULL)
		return;
	text_append_printable(&found, view_of_string((const char *)mark), SHOWN_MAX);
	buf_append_byte(&found, 0);
	if (buf_status(&found) != ERR_OK)
		abort();
	faults_add(r->faults, r->file, n->line, "%s \"%s%s\" is not allowed; %s", what,
	    anchor ? "&" : "", (char *)found.data,
	    anchor ? "write the value out where it is used" : "take it out");
	buf_free(&found);
	n->marked = true;
}
