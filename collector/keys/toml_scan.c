#include "collector/keys/toml_scan.h"

#include <stdlib.h>
#include <string.h>

#include "collector/keys/characters.h"
#include "proto/text.h"

/* Numbers as TOML 1.0 has them, RFC 3339's dates and times, and parts of these. */
#define DIGITS "[0-9](_?[0-9])*"
#define WHOLE  "(0|[1-9](_?[0-9])*)"
#define EXP    "[eE][+-]?" DIGITS
#define DATE   "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define CLOCK  "([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]+)?"
#define OFFSET "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"

static const char bare_values[] =
    "^(true|false|[+-]?(inf|nan)|[+-]?" WHOLE "(\\." DIGITS ")?(" EXP ")?"
    "|0x[0-9a-fA-F](_?[0-9a-fA-F])*|0o[0-7](_?[0-7])*|0b[01](_?[01])*"
    "|" DATE "([Tt ]" CLOCK OFFSET "?)?|" CLOCK ")$";

static enum err take_string(struct toml_scan *s, const char *quote, struct buf *to);
static enum err take_escape(struct toml_scan *s, bool several_lines, struct buf *to);
static bool take_line_feed(struct toml_scan *s);
static void drop(struct toml_scan *s, size_t size);
static bool is_clean(struct view text);
static size_t bare_size(struct view text);
static bool is_one_of(uint8_t c, const char *characters);

enum err
toml_scan_begin(struct toml_scan *s, struct view text)
{
	s->rest = characters_begin(text);
	if (!is_clean(s->rest))
		return ERR_FORMAT;
	return regcomp(&s->bare, bare_values, REG_EXTENDED | REG_NOSUB) == 0 ? ERR_OK : ERR_MEMORY;
}

void
toml_scan_end(struct toml_scan *s)
{
	regfree(&s->bare);
}

bool
toml_scan_sees(const struct toml_scan *s, const char *text)
{
	const size_t size = strlen(text);

	return s->rest.size >= size && memcmp(s->rest.data, text, size) == 0;
}

bool
toml_scan_take(struct toml_scan *s, const char *text)
{
	if (!toml_scan_sees(s, text))
		return false;
	drop(s, strlen(text));
	return true;
}

void
toml_scan_blanks(struct toml_scan *s)
{
	while (toml_scan_sees(s, " ") || toml_scan_sees(s, "\t"))
		drop(s, 1);
}

bool
toml_scan_line_end(struct toml_scan *s)
{
	toml_scan_blanks(s);
	if (toml_scan_sees(s, "#"))
		while (s->rest.size > 0 && !toml_scan_sees(s, "\n") && !toml_scan_sees(s, "\r\n"))
			drop(s, 1);
	return s->rest.size == 0 || take_line_feed(s);
}

void
toml_scan_lines(struct toml_scan *s)
{
	do
		toml_scan_blanks(s);
	while (s->rest.size > 0 &&
	       (toml_scan_sees(s, "#") || toml_scan_sees(s, "\n") || toml_scan_sees(s, "\r\n")) &&
	       toml_scan_line_end(s));
}

enum err
toml_scan_string(struct toml_scan *s, struct buf *to)
{
	return take_string(s, toml_scan_sees(s, "'") ? "'" : "\"", to);
}

enum err
toml_scan_long_string(struct toml_scan *s, struct buf *to)
{
	if (toml_scan_sees(s, "'''"))
		return take_string(s, "'''", to);
	if (toml_scan_sees(s, "\"\"\""))
		return take_string(s, "\"\"\"", to);
	return toml_scan_string(s, to);
}

bool
toml_scan_bare_key(struct toml_scan *s, struct view *out)
{
	size_t size = 0;

	while (size < s->rest.size &&
	       (is_one_of(s->rest.data[size], "-_") ||
		   (s->rest.data[size] >= '0' && s->rest.data[size] <= '9') ||
		   ((s->rest.data[size] | 0x20) >= 'a' && (s->rest.data[size] | 0x20) <= 'z')))
		size++;
	*out = (struct view){s->rest.data, size};
	drop(s, size);
	return size > 0;
}

enum err
toml_scan_bare_value(struct toml_scan *s, struct view *out)
{
	char *text;
	int result;

	*out = (struct view){s->rest.data, bare_size(s->rest)};
	if ((text = malloc(out->size + 1)) == NULL)
		return ERR_MEMORY;
	if (out->size > 0)
		memcpy(text, out->data, out->size);
	text[out->size] = '\0';
	result = regexec(&s->bare, text, 0, NULL, 0);
	free(text);
	drop(s, out->size);
	return result == 0 ? ERR_OK : result == REG_NOMATCH ? ERR_FORMAT : ERR_MEMORY;
}

/*
 * Up to its quotation marks again; one of three may have one or two of its own before these. A line
 * feed right behind the first three is none of the string's.
 */
static enum err
take_string(struct toml_scan *s, const char *quote, struct buf *to)
{
	const bool several_lines = quote[1] != '\0', escapes = quote[0] == '"';
	const char one[] = {quote[0], '\0'};
	enum err e;

	if (!toml_scan_take(s, quote))
		return ERR_FORMAT;
	if (several_lines)
		(void)take_line_feed(s);
	while (s->rest.size > 0) {
		if (toml_scan_take(s, quote)) {
			for (unsigned own = 0; several_lines && own < 2; own++)
				if (toml_scan_take(s, one))
					buf_append_byte(to, (uint8_t)quote[0]);
			return ERR_OK;
		}
		if (take_line_feed(s)) {
			if (!several_lines)
				return ERR_FORMAT;
			buf_append_byte(to, '\n');
		} else if (escapes && toml_scan_take(s, "\\")) {
			if ((e = take_escape(s, several_lines, to)) != ERR_OK)
				return e;
		} else {
			buf_append_byte(to, s->rest.data[0]);
			drop(s, 1);
		}
	}
	return ERR_FORMAT;
}

/* Behind the backslash. At a line's end it takes all white space that follows. */
static enum err
take_escape(struct toml_scan *s, bool several_lines, struct buf *to)
{
	static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
	const char *letter;
	uint32_t character;
	uint8_t c;

	if (s->rest.size == 0)
		return ERR_FORMAT;
	c = s->rest.data[0];
	if ((letter = strchr(letters, c)) != NULL) {
		drop(s, 1);
		buf_append_byte(to, (uint8_t)meant[letter - letters]);
		return ERR_OK;
	}
	if (c == 'u' || c == 'U') {
		drop(s, 1);
		return characters_take_hex(&s->rest, c == 'u' ? 4 : 8, &character) &&
			       characters_append(to, character)
			   ? ERR_OK
			   : ERR_FORMAT;
	}
	toml_scan_blanks(s);
	if (!several_lines || !take_line_feed(s))
		return ERR_FORMAT;
	do
		toml_scan_blanks(s);
	while (take_line_feed(s));
	return ERR_OK;
}

static bool
take_line_feed(struct toml_scan *s)
{
	return toml_scan_take(s, "\n") || toml_scan_take(s, "\r\n");
}

static void
drop(struct toml_scan *s, size_t size)
{
	s->rest = (struct view){s->rest.data + size, s->rest.size - size};
}

/* No control characters but tabs and ends of lines, which a carriage return may stand before. */
static bool
is_clean(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		const uint8_t c = text.data[i];

		if (c == '\r' && i + 1 < text.size && text.data[i + 1] == '\n')
			continue;
		if ((c < ' ' && c != '\t' && c != '\n') || c == 0x7f)
			return false;
	}
	return text_is_utf8(text);
}

/* Up to what may stand behind a value. A time may stand behind a date and a space. */
static size_t
bare_size(struct view text)
{
	const size_t date = sizeof("2026-11-30") - 1;
	size_t size = 0;

	while (size < text.size && !is_one_of(text.data[size], " \t\r\n#,]}")) {
		size++;
		if (size == date && text.size > date + 1 && text.data[date] == ' ' &&
		    text.data[4] == '-' && text.data[date + 1] >= '0' && text.data[date + 1] <= '9')
			size++;
	}
	return size;
}

static bool
is_one_of(uint8_t c, const char *characters)
{
	return c != '\0' && strchr(characters, c) != NULL;
}
