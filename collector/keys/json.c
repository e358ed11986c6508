#include "collector/keys/json.h"

#include <string.h>

#include "collector/keys/characters.h"
#include "collector/keys/keypath.h"
#include "proto/text.h"

struct json {
	struct view rest;
	struct keypath path;
	struct buf text; /* of a string, without its quotation marks where it is a name */
	struct keyed *to;
};

static enum err read_value(struct json *j);
static enum err read_object(struct json *j);
static enum err read_list(struct json *j);
static enum err read_string(struct json *j);
static enum err read_word(struct json *j);
static enum err read_escape(struct json *j);
static bool take_character(struct view *rest, uint32_t *character);
static size_t number_size(struct view text);
static size_t digits_size(struct view text, size_t from);
static void pass_space(struct json *j);
static bool sees(struct json *j, char c);
static bool take(struct json *j, char c);
static enum err put(struct json *j, struct view value);

enum err
json_keys_read(struct view text, struct keyed *to)
{
	struct json j = {characters_begin(text), KEYPATH_INIT, BUF_INIT, to};
	enum err e = text_is_utf8(j.rest) ? read_value(&j) : ERR_FORMAT;

	pass_space(&j);
	if (e == ERR_OK && j.rest.size > 0)
		e = ERR_FORMAT;
	keypath_free(&j.path);
	buf_free(&j.text);
	return e;
}

/* Calls itself once for each level of the path. */
static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_value(struct json *j)
{
	enum err e;

	if (take(j, '{'))
		return read_object(j);
	if (take(j, '['))
		return read_list(j);
	if (!sees(j, '"'))
		return read_word(j);
	buf_clear(&j->text);
	buf_append_byte(&j->text, '"');
	if ((e = read_string(j)) != ERR_OK)
		return e;
	buf_append_byte(&j->text, '"');
	return (e = buf_status(&j->text)) == ERR_OK ? put(j, buf_view(&j->text)) : e;
}

static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_object(struct json *j)
{
	const size_t depth = j->path.depth;
	enum err e;

	if (take(j, '}'))
		return put(j, VIEW_LITERAL("{}"));
	do {
		buf_clear(&j->text);
		if (!sees(j, '"'))
			return ERR_FORMAT;
		if ((e = read_string(j)) != ERR_OK || (e = buf_status(&j->text)) != ERR_OK ||
		    (e = keypath_name(&j->path, buf_view(&j->text))) != ERR_OK)
			return e;
		if (!take(j, ':'))
			return ERR_FORMAT;
		if ((e = read_value(j)) != ERR_OK)
			return e;
		keypath_back(&j->path, depth);
	} while (take(j, ','));
	return take(j, '}') ? ERR_OK : ERR_FORMAT;
}

static enum err /* NOLINTNEXTLINE(misc-no-recursion) */
read_list(struct json *j)
{
	const size_t depth = j->path.depth;
	size_t index = 0;
	enum err e;

	if (take(j, ']'))
		return put(j, VIEW_LITERAL("[]"));
	do {
		if ((e = keypath_index(&j->path, index++)) != ERR_OK ||
		    (e = read_value(j)) != ERR_OK)
			return e;
		keypath_back(&j->path, depth);
	} while (take(j, ','));
	return take(j, ']') ? ERR_OK : ERR_FORMAT;
}

/* Appends what is between the quotation marks. */
static enum err
read_string(struct json *j)
{
	enum err e = ERR_OK;

	(void)take(j, '"');
	while (e == ERR_OK && j->rest.size > 0) {
		const uint8_t c = j->rest.data[0];

		if (c < ' ')
			return ERR_FORMAT;
		j->rest = (struct view){j->rest.data + 1, j->rest.size - 1};
		if (c == '"')
			return ERR_OK;
		if (c == '\\')
			e = read_escape(j);
		else
			buf_append_byte(&j->text, c);
	}
	return ERR_FORMAT;
}

static enum err
read_escape(struct json *j)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	uint32_t character;

	if (j->rest.size == 0 || j->rest.data[0] == '\0')
		return ERR_FORMAT;
	letter = strchr(letters, j->rest.data[0]);
	if (letter == NULL)
		return take_character(&j->rest, &character) &&
			       characters_append(&j->text, character)
			   ? ERR_OK
			   : ERR_FORMAT;
	j->rest = (struct view){j->rest.data + 1, j->rest.size - 1};
	buf_append_byte(&j->text, (uint8_t)meant[letter - letters]);
	return ERR_OK;
}

/* Behind a backslash: "uXXXX", and another one where the first is a high surrogate. */
static bool
take_character(struct view *rest, uint32_t *character)
{
	static const struct view more = VIEW_LITERAL("\\u");
	uint32_t low;

	if (rest->data[0] != 'u')
		return false;
	*rest = (struct view){rest->data + 1, rest->size - 1};
	if (!characters_take_hex(rest, 4, character))
		return false;
	if (*character < 0xd800 || *character > 0xdbff)
		return true;
	if (rest->size < more.size || memcmp(rest->data, more.data, more.size) != 0)
		return false;
	*rest = (struct view){rest->data + more.size, rest->size - more.size};
	if (!characters_take_hex(rest, 4, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*character = 0x10000 + ((*character - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* A number, or one of three. */
static enum err
read_word(struct json *j)
{
	static const struct view words[] = {
	    VIEW_LITERAL("true"), VIEW_LITERAL("false"), VIEW_LITERAL("null")};
	struct view word = {j->rest.data, number_size(j->rest)};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (j->rest.size >= words[i].size &&
		    memcmp(j->rest.data, words[i].data, words[i].size) == 0)
			word.size = words[i].size;
	if (word.size == 0)
		return ERR_FORMAT;
	j->rest = (struct view){j->rest.data + word.size, j->rest.size - word.size};
	return put(j, word);
}

/* Of the number at the beginning; 0: there is none. What follows is for whoever goes on. */
static size_t
number_size(struct view text)
{
	const size_t begin = text.size > 0 && text.data[0] == '-';
	size_t size = digits_size(text, begin), more;

	if (size == begin || (text.data[begin] == '0' && size > begin + 1))
		return 0;
	if (size < text.size && text.data[size] == '.') {
		if ((more = digits_size(text, size + 1)) == size + 1)
			return 0;
		size = more;
	}
	if (size < text.size && (text.data[size] == 'e' || text.data[size] == 'E')) {
		size += 1;
		if (size < text.size && (text.data[size] == '+' || text.data[size] == '-'))
			size += 1;
		if ((more = digits_size(text, size)) == size)
			return 0;
		size = more;
	}
	return size;
}

/* Where the digits that begin at `from` end. */
static size_t
digits_size(struct view text, size_t from)
{
	while (from < text.size && text.data[from] >= '0' && text.data[from] <= '9')
		from++;
	return from;
}

static void
pass_space(struct json *j)
{
	while (j->rest.size > 0 && strchr(" \t\r\n", j->rest.data[0]) != NULL &&
	       j->rest.data[0] != '\0')
		j->rest = (struct view){j->rest.data + 1, j->rest.size - 1};
}

/* Behind white space. */
static bool
sees(struct json *j, char c)
{
	pass_space(j);
	return j->rest.size > 0 && j->rest.data[0] == (uint8_t)c;
}

static bool
take(struct json *j, char c)
{
	if (!sees(j, c))
		return false;
	j->rest = (struct view){j->rest.data + 1, j->rest.size - 1};
	return true;
}

static enum err
put(struct json *j, struct view value)
{
	return keyed_put(j->to, keypath_view(&j->path), value);
}
