/*
 * Nodes know their line alone. So places on it and on those behind are tried one after the other,
 * and what is made is read again: a bracket in a comment or a text is found to be none.
 */
#include "signer/policies/window_edit.h"

#include <ctype.h>
#include <string.h>

#include "config/yaml.h"
#include "config/yaml_node.h"
#include "proto/text.h"

#define LINES_TRIED 4 /* behind the last value: what is open there ends, one of these a line */

static const struct view key = VIEW_LITERAL("windows");

/* A text, and what is to become of it. */
struct edit {
	const char *path;
	struct view text;
	const struct window_words *window;
	struct yaml_tree *tree;
	struct yaml_node *top;  /* once an end is to be another: with that */
	struct yaml_node *list; /* of windows; NULL: there is none */
	bool close;             /* then `top` is as the text is to be read */
	struct buf *to;
};

static struct yaml_node *value_of(const struct yaml_node *mapping, struct view name);
static struct yaml_node *find_entry(const struct edit *e);
static bool says(const struct yaml_node *entry, const char *name, const char *text);
static bool set_end(struct edit *e, struct yaml_node *end);
static bool take_out(struct edit *e, const struct yaml_node *entry);
static bool take_out_of_brackets(struct edit *e, size_t begin, size_t end);
static void leave_out(struct yaml_node *n, size_t at, size_t count);
static bool add_entry(struct edit *e);
static bool add_to_brackets(struct edit *e, size_t begin, size_t end);
static bool add_list(struct edit *e);
static bool try_edit(struct edit *e, size_t at, size_t without, struct view words);
static bool is_right(const struct edit *e, struct yaml_node *top);
static bool take_out_new(const struct edit *e, struct yaml_node *top);
static size_t begin_of(struct view text, unsigned line);
static unsigned last_line(const struct yaml_node *n);

bool
window_edit(const char *path, struct view text, const struct window_words *window, struct buf *to)
{
	struct edit e = {.path = path, .text = text, .window = window, .to = to};
	struct faults faults = FAULTS_INIT;
	struct yaml_node *entry;
	bool good = false, sound;

	e.tree = yaml_tree_new();
	e.top = yaml_read(e.tree, path, text, &faults, &sound);
	if (sound && faults.count == 0 && e.top->shape == YAML_SHAPE_MAPPING) {
		e.list = value_of(e.top, key);
		if (e.list == NULL)
			good = add_list(&e);
		else if ((entry = find_entry(&e)) != NULL)
			good = set_end(&e, value_of(entry, VIEW_LITERAL("until")));
		else
			good = add_entry(&e);
	}
	yaml_tree_free(&e.tree);
	faults_free(&faults);
	return good;
}

bool
window_take_out(
    const char *path, struct view text, const struct window_words *window, struct buf *to)
{
	struct edit e = {.path = path, .text = text, .window = window, .to = to, .close = true};
	struct faults faults = FAULTS_INIT;
	struct yaml_node *entry;
	bool good = false, sound;

	e.tree = yaml_tree_new();
	e.top = yaml_read(e.tree, path, text, &faults, &sound);
	if (sound && faults.count == 0 && e.top->shape == YAML_SHAPE_MAPPING &&
	    (e.list = value_of(e.top, key)) != NULL && (entry = find_entry(&e)) != NULL)
		good = take_out(&e, entry);
	yaml_tree_free(&e.tree);
	faults_free(&faults);
	return good;
}

void
window_words_append(const struct window_words *window, struct buf *to)
{
	const char *c = window->family;

	buf_append_string(to, "{family: ");
	while (isalpha((unsigned char)*window->family) &&
	       (isalnum((unsigned char)*c) || *c == '-' || *c == '_'))
		c++;
	if (c > window->family && *c == '\0')
		buf_append_string(to, window->family);
	else
		json_append_string(to, view_of_string(window->family));
	buf_append_string(to, ", from: ");
	json_append_string(to, view_of_string(window->from));
	buf_append_string(to, ", to: ");
	json_append_string(to, view_of_string(window->to));
	buf_append_format(to, ", until: %s}", window->until);
}

static struct yaml_node *
value_of(const struct yaml_node *mapping, struct view name)
{
	struct yaml_node *const *pair =
	    mapping->shape == YAML_SHAPE_MAPPING ? yaml_node_pair(mapping, name) : NULL;

	return pair != NULL ? pair[1] : NULL;
}

static struct yaml_node *
find_entry(const struct edit *e)
{
	for (size_t i = 0; i < e->list->count; i++)
		if (says(e->list->child[i], "family", e->window->family) &&
		    says(e->list->child[i], "from", e->window->from) &&
		    says(e->list->child[i], "to", e->window->to))
			return e->list->child[i];
	return NULL;
}

static bool
says(const struct yaml_node *entry, const char *name, const char *text)
{
	const struct yaml_node *value = value_of(entry, view_of_string(name));

	return value != NULL && value->shape == YAML_SHAPE_SCALAR &&
	       view_equal(value->text, view_of_string(text));
}

static bool
set_end(struct edit *e, struct yaml_node *end)
{
	const struct view was = end->text, is = view_of_string(e->window->until);
	const size_t behind = begin_of(e->text, end->line + 1);

	end->text = is;
	for (size_t at = begin_of(e->text, end->line); at + was.size <= behind; at++)
		if (memcmp(e->text.data + at, was.data, was.size) == 0 &&
		    try_edit(e, at, was.size, is))
			return true;
	return false;
}

/* Its lines, all of the list's if it is alone; or what stands between brackets, with a comma. */
static bool
take_out(struct edit *e, const struct yaml_node *entry)
{
	const unsigned last = last_line(entry);
	const bool alone = e->list->count == 1;
	struct yaml_node *const *pair = yaml_node_pair(e->top, key);
	size_t begin = begin_of(e->text, alone ? pair[0]->line : entry->line);
	const size_t behind = begin_of(e->text, last + 1);
	bool good = false;

	/* An empty line before it and one behind become one. */
	if (alone && begin > 1 && e->text.data[begin - 1] == '\n' &&
	    e->text.data[begin - 2] == '\n' &&
	    (behind == e->text.size || e->text.data[behind] == '\n'))
		begin--;

	if (alone)
		leave_out(e->top, (size_t)(pair - e->top->child), 2);
	else
		leave_out(e->list, entry->place, 1);
	for (unsigned i = 1; i <= LINES_TRIED && !good; i++)
		good = try_edit(e, begin, begin_of(e->text, last + i) - begin, VIEW_LITERAL(""));
	return good || take_out_of_brackets(e, begin, begin_of(e->text, last + 1));
}

static bool
take_out_of_brackets(struct edit *e, size_t begin, size_t end)
{
	for (size_t at = begin; at < end; at++) {
		const uint8_t *c = e->text.data;

		if (c[at] != '{' && c[at] != ',')
			continue;
		for (size_t to = at + 1; to < end; to++) {
			size_t behind = to + 1;

			if (c[to] != '}')
				continue;
			while (
			    c[at] == '{' && behind < end && (c[behind] == ',' || c[behind] == ' '))
				behind++;
			if (try_edit(e, at, behind - at, VIEW_LITERAL("")))
				return true;
		}
	}
	return false;
}

static void
leave_out(struct yaml_node *n, size_t at, size_t count)
{
	n->count -= count;
	memmove(&n->child[at], &n->child[at + count], (n->count - at) * sizeof(n->child[0]));
}

/* In a line of its own, as the first begins; or before the bracket. */
static bool
add_entry(struct edit *e)
{
	const unsigned last = last_line(e->list);
	const size_t first = begin_of(e->text, e->list->child[0]->line);
	struct buf words = BUF_INIT;
	size_t indent = 0;
	bool good = false;

	while (first + indent < e->text.size && e->text.data[first + indent] == ' ')
		indent++;
	buf_append_view(&words, (struct view){e->text.data + first, indent});
	buf_append_string(&words, "- ");
	window_words_append(e->window, &words);
	buf_append_byte(&words, '\n');
	for (unsigned i = 1; i <= LINES_TRIED && !good; i++)
		good = try_edit(e, begin_of(e->text, last + i), 0, buf_view(&words));
	buf_free(&words);
	return good ||
	       add_to_brackets(e, begin_of(e->text, last), begin_of(e->text, last + LINES_TRIED));
}

static bool
add_to_brackets(struct edit *e, size_t begin, size_t end)
{
	struct buf words = BUF_INIT;
	bool good = false;

	buf_append_string(&words, ", ");
	window_words_append(e->window, &words);
	for (size_t at = begin; at < end && !good; at++)
		good = e->text.data[at] == ']' && try_edit(e, at, 0, buf_view(&words));
	buf_free(&words);
	return good;
}

static bool
add_list(struct edit *e)
{
	const struct yaml_node *families = value_of(e->top, VIEW_LITERAL("families"));
	struct buf words = BUF_INIT;
	bool good = false;

	buf_append_string(&words, "\nwindows:\n  - ");
	window_words_append(e->window, &words);
	buf_append_byte(&words, '\n');
	for (unsigned i = 1; families != NULL && i <= LINES_TRIED && !good; i++)
		good = try_edit(e, begin_of(e->text, last_line(families) + i), 0, buf_view(&words));
	good = good || try_edit(e, e->text.size, 0, buf_view(&words));
	buf_free(&words);
	return good;
}

static bool
try_edit(struct edit *e, size_t at, size_t without, struct view words)
{
	struct yaml_tree *tree = yaml_tree_new();
	struct faults faults = FAULTS_INIT;
	struct yaml_node *top;
	bool good, sound;

	buf_clear(e->to);
	buf_append_view(e->to, (struct view){e->text.data, at});
	if (without == 0 && at == e->text.size && at > 0 && e->text.data[at - 1] != '\n')
		buf_append_byte(e->to, '\n');
	buf_append_view(e->to, words);
	buf_append_view(
	    e->to, (struct view){e->text.data + at + without, e->text.size - at - without});
	top = yaml_read(tree, e->path, buf_view(e->to), &faults, &sound);
	good = buf_status(e->to) == ERR_OK && sound && faults.count == 0 && is_right(e, top);
	faults_free(&faults);
	yaml_tree_free(&tree);
	return good;
}

/* Without what came to it, it is what was there. */
static bool
is_right(const struct edit *e, struct yaml_node *top)
{
	const bool another = e->close || (e->list != NULL && find_entry(e) != NULL);

	return top->shape == YAML_SHAPE_MAPPING && (another || take_out_new(e, top)) &&
	       yaml_node_is_same(e->top, top);
}

static bool
take_out_new(const struct edit *e, struct yaml_node *top)
{
	struct yaml_node *const *pair = yaml_node_pair(top, key);
	struct yaml_node *list = pair != NULL ? pair[1] : NULL;
	const struct yaml_node *entry;

	if (list == NULL || list->shape != YAML_SHAPE_LIST || list->count == 0)
		return false;
	entry = list->child[--list->count];
	if (!says(entry, "family", e->window->family) || !says(entry, "from", e->window->from) ||
	    !says(entry, "to", e->window->to) || !says(entry, "until", e->window->until))
		return false;
	if (e->list == NULL && list->count > 0)
		return false;
	if (e->list == NULL)
		leave_out(top, (size_t)(pair - top->child), 2);
	return true;
}

/* The first is 1; behind the last it is the end of the text. */
static size_t
begin_of(struct view text, unsigned line)
{
	size_t at = 0;

	for (; line > 1 && at < text.size; line--) {
		const uint8_t *end = memchr(text.data + at, '\n', text.size - at);

		at = end != NULL ? (size_t)(end - text.data) + 1 : text.size;
	}
	return at;
}

static unsigned
last_line(const struct yaml_node *n)
{
	unsigned last = n->line;

	for (size_t i = 0; n->shape != YAML_SHAPE_SCALAR && i < n->count; i++) {
		const unsigned line = last_line(n->child[i]);

		last = line > last ? line : last;
	}
	return last;
}
