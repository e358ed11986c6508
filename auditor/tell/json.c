#include "auditor/tell/json.h"

#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/utc.h"

static void begin(struct json *j, const char *key);

void
json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	buf_append_byte(&j->text, (uint8_t)bracket);
	j->comma = false;
}

void
json_close(struct json *j, char bracket)
{
	buf_append_byte(&j->text, bracket == '{' ? '}' : ']');
	j->comma = true;
}

void
json_string(struct json *j, const char *key, const char *value)
{
	json_view(j, key, view_of_string(value));
}

void
json_view(struct json *j, const char *key, struct view value)
{
	struct buf shown = BUF_INIT;

	begin(j, key);
	if (text_is_printable(value, true))
		buf_append_view(&shown, value);
	else
		text_append_printable(&shown, value, SIZE_MAX);
	json_append_string(&j->text, buf_view(&shown));
	buf_free(&shown);
}

void
json_number(struct json *j, const char *key, uint64_t value)
{
	begin(j, key);
	buf_append_decimal(&j->text, value);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	buf_append_string(&j->text, value ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	begin(j, key);
	buf_append_string(&j->text, "null");
}

void
json_digest(struct json *j, const char *key, const struct digest *value)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(value, hex);
	json_string(j, key, hex);
}

void
json_time(struct json *j, const char *key, uint64_t seconds)
{
	char text[UTC_TEXT_SIZE];

	json_string(j, key, utc_text(seconds, text));
}

void
json_embed(struct json *j, const char *key, struct json *whole)
{
	begin(j, key);
	buf_append_view(&j->text, buf_view(&whole->text));
	buf_free(&whole->text);
	whole->comma = false;
}

void
json_raw(struct json *j, const char *key, struct view value)
{
	begin(j, key);
	buf_append_view(&j->text, value);
}

void
json_members(struct json *j, struct view members)
{
	if (j->comma)
		buf_append_byte(&j->text, ',');
	buf_append_view(&j->text, members);
	j->comma = true;
}

void
json_outcome(struct json *j, enum outcome o)
{
	static const char *const names[] = {
	    [OUTCOME_GOOD] = "good", [OUTCOME_BAD] = "bad", [OUTCOME_UNKNOWN] = "unknown"};

	json_string(j, "outcome", names[o]);
}

bool
json_print(struct json *j, FILE *to)
{
	const bool good = buf_status(&j->text) == ERR_OK;

	if (good) {
		(void)fwrite(j->text.data, 1, j->text.size, to);
		(void)fputc('\n', to);
	}
	buf_free(&j->text);
	j->comma = false;
	return good;
}

static void
begin(struct json *j, const char *key)
{
	if (j->comma)
		buf_append_byte(&j->text, ',');
	if (key != NULL) {
		json_append_string(&j->text, view_of_string(key));
		buf_append_byte(&j->text, ':');
	}
	j->comma = true;
}
