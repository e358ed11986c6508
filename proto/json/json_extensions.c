#include "proto/json/json_extensions.h"

static bool read_map(struct json_reader *r, unsigned depth);
static bool read_array(struct json_reader *r, unsigned depth);
static bool read_value(struct json_reader *r, unsigned depth);
static size_t value_size(struct view rest);

bool
json_extensions_read(struct json_reader *r, struct view *out)
{
	const uint8_t *begin = r->p;

	if (json_read_sees(r, "{}") || !read_map(r, 0))
		return false;
	*out = (struct view){begin, (size_t)(r->p - begin)};
	return out->size <= JSON_EXTENSIONS_SIZE_MAX;
}

enum err
json_extensions_check(struct view map)
{
	struct buf strings = BUF_INIT;
	struct json_reader r;
	struct view all;
	enum err e;

	if (map.size > JSON_EXTENSIONS_SIZE_MAX)
		return ERR_FORMAT;
	json_read_begin(&r, map, &strings);
	e = json_read_end(&r, json_extensions_read(&r, &all));
	buf_free(&strings);
	return e;
}

bool
json_extensions_next(struct view *rest, struct view *key, struct view *value)
{
	const uint8_t *p = rest->data + 2, *end = rest->data + rest->size; /* behind `{"` or `,"` */

	if (rest->size < 2)
		return false; /* the last brace */
	*key = (struct view){p, (size_t)((const uint8_t *)memchr(p, '"', (size_t)(end - p)) - p)};
	p += key->size + 2;
	*value = (struct view){p, value_size((struct view){p, (size_t)(end - p)})};
	p += value->size;
	*rest = (struct view){p, (size_t)(end - p)};
	return true;
}

static bool
read_map(struct json_reader *r, unsigned depth)
{
	struct view before = {NULL, 0}, key;

	if (!json_read_text(r, "{"))
		return false;
	if (json_read_text(r, "}"))
		return true;
	for (size_t i = 0; i < JSON_EXTENSIONS_KEYS_MAX; i++) {
		if (!json_read_word(r, JSON_EXTENSIONS_KEY_MAX, &key) ||
		    view_compare(before, key) >= 0 || !json_read_text(r, ":") ||
		    !read_value(r, depth + 1))
			return false;
		if (json_read_text(r, "}"))
			return true;
		if (!json_read_text(r, ","))
			return false;
		before = key;
	}
	return false;
}

static bool
read_array(struct json_reader *r, unsigned depth)
{
	if (!json_read_text(r, "["))
		return false;
	if (json_read_text(r, "]"))
		return true;
	do {
		if (!read_value(r, depth + 1))
			return false;
	} while (json_read_text(r, ","));
	return json_read_text(r, "]");
}

/* `depth`: how deep an array or an object would be. */
static bool
read_value(struct json_reader *r, unsigned depth)
{
	struct view string;
	uint64_t number;

	if (json_read_sees(r, "\""))
		return json_read_string(r, &string);
	if (json_read_sees(r, "{"))
		return depth <= JSON_EXTENSIONS_DEPTH_MAX && read_map(r, depth);
	if (json_read_sees(r, "["))
		return depth <= JSON_EXTENSIONS_DEPTH_MAX && read_array(r, depth);
	return json_read_text(r, "true") || json_read_text(r, "false") ||
	       json_read_number(r, &number);
}

/* Of the value at the beginning, which ends before a comma or the map's brace. */
static size_t
value_size(struct view rest)
{
	unsigned depth = 0;
	bool string = false;
	size_t at = 0;

	for (;; at++) {
		const uint8_t c = rest.data[at];

		if (string) {
			at += c == '\\';
			string = c != '"';
		} else if (depth == 0 && (c == ',' || c == '}')) {
			return at;
		} else {
			string = c == '"';
			depth += c == '{' || c == '[';
			depth -= c == '}' || c == ']';
		}
	}
}
