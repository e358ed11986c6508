#include "signer/cases/evidence_item.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/component_listing.h"

static const char *read_columns(json_t *item, struct component_file *out);
static bool read_number(json_t *item, const char *name, uint64_t most, uint64_t *out);
static bool read_mode(json_t *item, uint32_t *out);
static bool read_flags(json_t *flags, uint32_t *out);
static bool append_raw(json_t *text, struct buf *to);
static struct view *read_texts(json_t *array, struct buf *words);
static int hex_digit(char c);

const char *
evidence_item_file(json_t *item, struct component_builder *to)
{
	struct component_file f = {.detail_count = 0};
	struct buf path = BUF_INIT, words = BUF_INIT;
	json_t *details = json_object_get(item, "details");
	struct view *views = NULL;
	const char *wrong = read_columns(item, &f);
	enum err e;

	if (wrong == NULL && !append_raw(json_object_get(item, "path"), &path))
		wrong = "an item has no \"path\", or one with a \"\\\" that is not of \\xNN";
	if (wrong == NULL && details != NULL && (views = read_texts(details, &words)) == NULL)
		wrong = "\"details\" are no list of texts";
	if (wrong == NULL) {
		f.path = buf_view(&path);
		f.details = views;
		f.detail_count = json_array_size(details);
		if ((e = component_add_file(to, &f)) != ERR_OK)
			wrong = err_text(e);
	}
	free(views);
	buf_free(&path);
	buf_free(&words);
	return wrong;
}

const char *
evidence_item_fact(json_t *item, bool made, struct component_builder *to)
{
	struct buf words = BUF_INIT;
	const char *name = json_string_value(json_object_get(item, "name"));
	json_t *values = json_object_get(item, "values");
	struct view *views = name != NULL ? read_texts(values, &words) : NULL;
	const char *wrong =
	    views == NULL ? "a fact has no \"name\", or no list of \"values\"" : NULL;
	enum err e;

	if (wrong == NULL) {
		const struct component_fact f = {
		    view_of_string(name), json_array_size(values), views};

		e = made ? component_add_made(to, &f) : component_add_fact(to, &f);
		if (e != ERR_OK)
			wrong = err_text(e);
	}
	free(views);
	buf_free(&words);
	return wrong;
}

static const char *
read_columns(json_t *item, struct component_file *out)
{
	const char *hex = json_string_value(json_object_get(item, "sha256"));
	uint64_t uid, gid;

	if (hex == NULL || digest_from_hex(view_of_string(hex), &out->digest) != ERR_OK)
		return "an item has no \"sha256\" of 64 hex digits";
	if (!read_number(item, "size", COMPONENT_FILE_BYTES_MAX, &out->size) ||
	    !read_number(item, "uid", UINT32_MAX, &uid) ||
	    !read_number(item, "gid", UINT32_MAX, &gid))
		return "an item has no \"size\", \"uid\" or \"gid\", or one that is no number";
	if (!read_mode(item, &out->mode))
		return "an item has no \"mode\" in octal";
	if (!read_flags(json_object_get(item, "flags"), &out->flags))
		return "an item has no list of \"flags\", or one that is not known";
	out->uid = (uint32_t)uid;
	out->gid = (uint32_t)gid;
	return NULL;
}

static bool
read_number(json_t *item, const char *name, uint64_t most, uint64_t *out)
{
	const json_t *number = json_object_get(item, name);
	const json_int_t value = json_integer_value(number);

	*out = (uint64_t)value;
	return json_is_integer(number) && value >= 0 && *out <= most;
}

static bool
read_mode(json_t *item, uint32_t *out)
{
	const char *text = json_string_value(json_object_get(item, "mode"));

	*out = 0;
	if (text == NULL || strlen(text) > 10 || text[0] == '\0')
		return false;
	for (; *text >= '0' && *text <= '7'; text++)
		*out = *out << 3 | (uint32_t)(*text - '0');
	return *text == '\0';
}

static bool
read_flags(json_t *flags, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *name = json_string_value(json_array_get(flags, i));
		const uint32_t flag = name != NULL ? component_listing_flag(name) : 0;

		if (flag == 0)
			return false;
		*out |= flag;
	}
	return json_is_array(flags);
}

/* As text_append_printable has written it: \xNN is a byte, and there is no other backslash. */
static bool
append_raw(json_t *text, struct buf *to)
{
	const char *s = json_string_value(text);
	const size_t size = json_string_length(text);

	if (s == NULL)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (s[i] != '\\') {
			buf_append_byte(to, (uint8_t)s[i]);
			continue;
		}
		if (i + 3 >= size || s[i + 1] != 'x' || hex_digit(s[i + 2]) < 0 ||
		    hex_digit(s[i + 3]) < 0)
			return false;
		buf_append_byte(to, (uint8_t)(hex_digit(s[i + 2]) << 4 | hex_digit(s[i + 3])));
		i += 3;
	}
	return buf_status(to) == ERR_OK;
}

/* Views into `words`; NULL if it is no list of texts. */
static struct view *
read_texts(json_t *array, struct buf *words)
{
	const size_t count = json_array_size(array);
	struct view *views = json_is_array(array) ? calloc(count + 1, sizeof(*views)) : NULL;
	size_t at = 0;

	for (size_t i = 0; views != NULL && i < count; i++) {
		const size_t before = words->size;

		if (!append_raw(json_array_get(array, i), words)) {
			free(views);
			return NULL;
		}
		views[i].size = words->size - before;
	}
	for (size_t i = 0; views != NULL && i < count; i++) {
		views[i].data = words->data + at;
		at += views[i].size;
	}
	return views;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
