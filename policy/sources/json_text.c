#include "policy/sources/json_text.h"

#include "proto/text.h"

#define REASON_SIZE_MAX 256 /* bytes of Jansson's words */

static const char *check_bounds(struct view text);

enum err
json_text_parse(const char *file, struct view text, struct faults *faults, json_t **out)
{
	const char *wrong = check_bounds(text);
	struct buf shown = BUF_INIT;
	json_error_t error;

	*out = NULL;
	if (wrong != NULL) {
		faults_add(faults, file, 0, "%s", wrong);
		return ERR_CONFIG;
	}
	*out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
	if (*out == NULL) {
		text_append_printable(&shown, view_of_string(error.text), REASON_SIZE_MAX);
		faults_add(faults, file, error.line > 0 ? (unsigned)error.line : 0,
		    "is no JSON: %.*s", (int)shown.size, (const char *)shown.data);
		buf_free(&shown);
		return ERR_CONFIG;
	}
	if (json_is_object(*out))
		return ERR_OK;
	json_decref(*out);
	*out = NULL;
	faults_add(faults, file, 0, "is JSON, but no object");
	return ERR_CONFIG;
}

bool
json_text_member(const json_t *object, const char *name, struct view *out)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return false;
	*out = (struct view){(const uint8_t *)json_string_value(value), json_string_length(value)};
	return true;
}

/* Before anything is made of it. What is no JSON may pass here, and nothing that is over a bound.
 */
static const char *
check_bounds(struct view text)
{
	size_t depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.size; i++) {
		const uint8_t c = text.data[i];

		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == '[' || c == '{')) {
			depth++;
			values++;
		} else if (!quoted && (c == ']' || c == '}')) {
			depth -= depth > 0;
		} else if (!quoted && (c == ',' || c == ':')) {
			values++;
		}
		if (depth > JSON_TEXT_DEPTH_MAX)
			return "is nested more than 64 times";
		if (values > JSON_TEXT_VALUES_MAX)
			return "has more than 4,000,000 values";
	}
	return NULL;
}
