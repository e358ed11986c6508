#include "collector/keys/toml.h"

#include <stdlib.h>
#include <string.h>

#include "collector/keys/keypath.h"
#include "collector/keys/toml_scan.h"

/* For want of memory it says so, as all else does. */
#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(elt) ((elt)->lost = true)
#include <uthash.h>

/* An array of tables, by its key. */
struct tables {
	UT_hash_handle hh;
	size_t count;
	bool lost; /* it could not be noted */
	char key[];
};

struct toml {
	struct toml_scan scan;
	struct keypath path;
	struct buf text; /* of a string */
	struct tables *arrays;
	size_t array_count;
	bool bare_header; /* no key has been below it yet */
	struct keyed *to;
};

static enum err read_line(struct toml *t);
static enum err read_header(struct toml *t);
static enum err end_table(struct toml *t);
static enum err go_to_last(struct toml *t, bool next);
static enum err find_array(struct toml *t, bool make, struct tables **out);
static enum err read_pair(struct toml *t);
static enum err read_key(struct toml *t);
static enum err read_value(struct toml *t);
static enum err read_array(struct toml *t);
static enum err read_inline_table(struct toml *t);
static enum err put(struct toml *t, struct view value);

enum err
toml_keys_read(struct view text, struct keyed *to)
{
	struct toml t = {.path = KEYPATH_INIT, .text = BUF_INIT, .to = to};
	struct tables *one, *next;
	enum err e = toml_scan_begin(&t.scan, text);

	if (e != ERR_OK)
		return e;
	toml_scan_lines(&t.scan);
	while (e == ERR_OK && t.scan.rest.size > 0) {
		e = read_line(&t);
		toml_scan_lines(&t.scan);
	}
	if (e == ERR_OK)
		e = end_table(&t);
	HASH_ITER (hh, t.arrays, one, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(t.arrays, one);
		free(one);
	}
	toml_scan_end(&t.scan);
	keypath_free(&t.path);
	buf_free(&t.text);
	return e;
}

static enum err
read_line(struct toml *t)
{
	const enum err e = toml_scan_sees(&t->scan, "[") ? read_header(t) : read_pair(t);

	return e != ERR_OK || toml_scan_line_end(&t->scan) ? e : ERR_FORMAT;
}

/* The path is the table's from then on. */
static enum err
read_header(struct toml *t)
{
	enum err e = end_table(t);
	bool array;

	keypath_back(&t->path, 0);
	array = toml_scan_take(&t->scan, "[[");
	if (!array)
		(void)toml_scan_take(&t->scan, "[");
	do {
		toml_scan_blanks(&t->scan);
		/* Of an array on the way, its last table is meant. */
		if (e == ERR_OK && t->path.depth > 0)
			e = go_to_last(t, false);
		if (e == ERR_OK)
			e = read_key(t);
		toml_scan_blanks(&t->scan);
	} while (e == ERR_OK && toml_scan_take(&t->scan, "."));
	if (e == ERR_OK)
		e = go_to_last(t, array);
	if (e == ERR_OK && !toml_scan_take(&t->scan, array ? "]]" : "]"))
		e = ERR_FORMAT;
	t->bare_header = true;
	return e;
}

static enum err
end_table(struct toml *t)
{
	return t->bare_header ? put(t, VIEW_LITERAL("{}")) : ERR_OK;
}

/* Where the path is an array of tables', to its last one, or to the one behind it. */
static enum err
go_to_last(struct toml *t, bool next)
{
	struct tables *array;
	enum err e = find_array(t, next, &array);

	if (e != ERR_OK || array == NULL)
		return e;
	if (next)
		array->count++;
	return keypath_index(&t->path, array->count - 1);
}

/* NULL: it is none, and is not to be one. */
static enum err
find_array(struct toml *t, bool make, struct tables **out)
{
	const struct view key = keypath_view(&t->path);

	HASH_FIND(hh, t->arrays, key.data, (unsigned)key.size, *out);
	if (*out != NULL || !make)
		return ERR_OK;
	if (t->array_count++ == KEYED_KEYS_MAX)
		return ERR_FORMAT_SIZE;
	if ((*out = calloc(1, sizeof(**out) + key.size)) == NULL)
		return ERR_MEMORY;
	memcpy((*out)->key, key.data, key.size);
	HASH_ADD(hh, t->arrays, key[0], (unsigned)key.size, *out);
	if ((*out)->lost) {
		free(*out);
		*out = NULL;
		return ERR_MEMORY;
	}
	return ERR_OK;
}

/* Calls itself once for each level of the path, as the two below. */
static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_pair(struct toml *t)
{
	const size_t depth = t->path.depth;
	enum err e;

	do {
		toml_scan_blanks(&t->scan);
		if ((e = read_key(t)) != ERR_OK)
			return e;
		toml_scan_blanks(&t->scan);
	} while (toml_scan_take(&t->scan, "."));
	if (!toml_scan_take(&t->scan, "="))
		return ERR_FORMAT;
	t->bare_header = false;
	toml_scan_blanks(&t->scan);
	if ((e = read_value(t)) == ERR_OK)
		keypath_back(&t->path, depth);
	return e;
}

/* One name of it, down which the path goes. */
static enum err
read_key(struct toml *t)
{
	struct view name;
	enum err e;

	if (toml_scan_bare_key(&t->scan, &name))
		return keypath_name(&t->path, name);
	buf_clear(&t->text);
	if ((e = toml_scan_string(&t->scan, &t->text)) != ERR_OK ||
	    (e = buf_status(&t->text)) != ERR_OK)
		return e;
	return keypath_name(&t->path, buf_view(&t->text));
}

static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_value(struct toml *t)
{
	struct view bare;
	enum err e;

	if (toml_scan_take(&t->scan, "["))
		return read_array(t);
	if (toml_scan_take(&t->scan, "{"))
		return read_inline_table(t);
	if (!toml_scan_sees(&t->scan, "\"") && !toml_scan_sees(&t->scan, "'")) {
		e = toml_scan_bare_value(&t->scan, &bare);
		return e == ERR_OK ? put(t, bare) : e;
	}
	buf_clear(&t->text);
	buf_append_byte(&t->text, '"');
	if ((e = toml_scan_long_string(&t->scan, &t->text)) != ERR_OK)
		return e;
	buf_append_byte(&t->text, '"');
	return (e = buf_status(&t->text)) == ERR_OK ? put(t, buf_view(&t->text)) : e;
}

static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_array(struct toml *t)
{
	const size_t depth = t->path.depth;
	size_t index = 0;
	enum err e;

	toml_scan_lines(&t->scan);
	if (toml_scan_take(&t->scan, "]"))
		return put(t, VIEW_LITERAL("[]"));
	do {
		if ((e = keypath_index(&t->path, index++)) != ERR_OK ||
		    (e = read_value(t)) != ERR_OK)
			return e;
		keypath_back(&t->path, depth);
		toml_scan_lines(&t->scan);
		if (toml_scan_take(&t->scan, "]"))
			return ERR_OK;
		if (!toml_scan_take(&t->scan, ","))
			return ERR_FORMAT;
		toml_scan_lines(&t->scan);
	} while (!toml_scan_take(&t->scan, "]"));
	return ERR_OK;
}

static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_inline_table(struct toml *t)
{
	enum err e;

	toml_scan_blanks(&t->scan);
	if (toml_scan_take(&t->scan, "}"))
		return put(t, VIEW_LITERAL("{}"));
	do {
		if ((e = read_pair(t)) != ERR_OK)
			return e;
		toml_scan_blanks(&t->scan);
	} while (toml_scan_take(&t->scan, ","));
	return toml_scan_take(&t->scan, "}") ? ERR_OK : ERR_FORMAT;
}

static enum err
put(struct toml *t, struct view value)
{
	return keyed_put(t->to, keypath_view(&t->path), value);
}
