#include "proto/report/token_seen.h"

#include "proto/encoding.h"
#include "proto/report/entry.h"

static bool change_is_good(const struct token_change *c);
static bool read_changes(struct json_reader *r, struct token_seen *out);
static bool read_change(struct json_reader *r, struct token_change *out);

bool
token_seen_is_good(const struct token_seen *s)
{
	uint64_t before = 0;

	if (!entry_string_is_good(s->label, 0, TOKEN_SEEN_TEXT_MAX) ||
	    !entry_string_is_good(s->manufacturer, 0, TOKEN_SEEN_TEXT_MAX) ||
	    !entry_string_is_good(s->model, 0, TOKEN_SEEN_TEXT_MAX) ||
	    !entry_string_is_good(s->serial, 1, TOKEN_SEEN_TEXT_MAX) ||
	    !entry_string_is_good(s->firmware, 1, TOKEN_SEEN_TEXT_MAX) ||
	    s->number > JSON_NUMBER_MAX || s->change_count > TOKEN_SEEN_CHANGES_MAX)
		return false;
	for (size_t i = 0; i < s->change_count; i++) {
		if (s->change[i].number <= before || !change_is_good(&s->change[i]))
			return false;
		before = s->change[i].number;
	}
	return before <= s->number;
}

static bool
change_is_good(const struct token_change *c)
{
	return entry_word_is_good(c->what, TOKEN_SEEN_WORD_MAX) &&
	       entry_string_is_good(c->before, 1, TOKEN_SEEN_TEXT_MAX) &&
	       entry_string_is_good(c->after, 1, TOKEN_SEEN_TEXT_MAX);
}

void
token_seen_write(struct json_writer *w, const struct token_seen *s)
{
	json_write_text(w, "{\"record\":");
	json_write_digest(w, &s->record);
	json_write_text(w, ",\"label\":");
	json_write_string(w, s->label);
	json_write_text(w, ",\"manufacturer\":");
	json_write_string(w, s->manufacturer);
	json_write_text(w, ",\"model\":");
	json_write_string(w, s->model);
	json_write_text(w, ",\"serial\":");
	json_write_string(w, s->serial);
	json_write_text(w, ",\"firmware\":");
	json_write_string(w, s->firmware);
	json_write_text(w, ",\"number\":");
	json_write_number(w, s->number);
	json_write_text(w, ",\"changes\":[");
	for (size_t i = 0; i < s->change_count; i++) {
		json_write_text(w, i > 0 ? ",{\"number\":" : "{\"number\":");
		json_write_number(w, s->change[i].number);
		json_write_text(w, ",\"what\":");
		json_write_string(w, s->change[i].what);
		json_write_text(w, ",\"before\":");
		json_write_string(w, s->change[i].before);
		json_write_text(w, ",\"after\":");
		json_write_string(w, s->change[i].after);
		json_write_text(w, "}");
	}
	json_write_text(w, "]}");
}

bool
token_seen_read(struct json_reader *r, struct token_seen *out)
{
	return json_read_text(r, "{\"record\":") && json_read_digest(r, &out->record) &&
	       json_read_text(r, ",\"label\":") && json_read_string(r, &out->label) &&
	       json_read_text(r, ",\"manufacturer\":") && json_read_string(r, &out->manufacturer) &&
	       json_read_text(r, ",\"model\":") && json_read_string(r, &out->model) &&
	       json_read_text(r, ",\"serial\":") && json_read_string(r, &out->serial) &&
	       json_read_text(r, ",\"firmware\":") && json_read_string(r, &out->firmware) &&
	       json_read_text(r, ",\"number\":") && json_read_number(r, &out->number) &&
	       json_read_text(r, ",\"changes\":[") && read_changes(r, out) &&
	       json_read_text(r, "]}");
}

static bool
read_changes(struct json_reader *r, struct token_seen *out)
{
	out->change_count = 0;
	while (json_read_sees(r, "{")) {
		if (out->change_count == TOKEN_SEEN_CHANGES_MAX ||
		    !read_change(r, &out->change[out->change_count++]))
			return false;
		if (!json_read_text(r, ","))
			break;
		if (!json_read_sees(r, "{"))
			return false;
	}
	return true;
}

static bool
read_change(struct json_reader *r, struct token_change *out)
{
	return json_read_text(r, "{\"number\":") && json_read_number(r, &out->number) &&
	       json_read_text(r, ",\"what\":") &&
	       json_read_word(r, TOKEN_SEEN_WORD_MAX, &out->what) &&
	       json_read_text(r, ",\"before\":") && json_read_string(r, &out->before) &&
	       json_read_text(r, ",\"after\":") && json_read_string(r, &out->after) &&
	       json_read_text(r, "}");
}

enum err
token_seen_append(const struct token_seen *s, struct buf *to)
{
	struct json_writer w;
	enum err e;

	if (!token_seen_is_good(s))
		return ERR_FORMAT;
	if ((e = json_write_begin(&w, to, TOKEN_SEEN_SIZE_MAX + 1)) != ERR_OK)
		return e;
	token_seen_write(&w, s);
	json_write_text(&w, "\n");
	(void)json_write_end(&w);
	return ERR_OK;
}

enum err
token_seen_take(struct view *rest, struct token_seen *out, struct buf *strings)
{
	struct json_reader r;
	struct view line;
	enum err e;

	if (rest->size == 0 || rest->data[0] != '{')
		return ERR_NOT_FOUND;
	if (line_next(rest, &line) != ERR_OK || line.size > TOKEN_SEEN_SIZE_MAX)
		return ERR_FORMAT;
	json_read_begin(&r, line, strings);
	if ((e = json_read_end(&r, token_seen_read(&r, out))) != ERR_OK)
		return e;
	return token_seen_is_good(out) ? ERR_OK : ERR_FORMAT;
}
