#include "signer/policies/yaml_comments.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * A character at a time, as libyaml goes: a comment begins behind a space, and wherever else a
 * value could. A quotation mark begins a text only where a value may begin.
 */
struct scan {
	struct view text;
	size_t at, line_begin;
	unsigned line;
	uint8_t quote;  /* that has to end the text; 0: none is open */
	bool value_may; /* begin here */
	bool closed;    /* a text in quotes, a list or a mapping has ended just before */
	bool block;     /* | or > was seen where a value may begin */
};

static void scan_one(struct scan *s, struct yaml_comments *out);
static void scan_quoted(struct scan *s);
static void take_comment(struct scan *s, struct yaml_comments *out);
static void begin_line(struct scan *s, struct yaml_comments *out);
static bool is_before_value(const struct scan *s, uint8_t c);

bool
yaml_comments_find(struct view text, struct yaml_comments *out)
{
	struct scan s = {.text = text};

	*out = (struct yaml_comments){.count = 0};
	begin_line(&s, out);
	while (s.at < text.size && !s.block) {
		if (text.data[s.at] == '\n') {
			s.at++;
			begin_line(&s, out);
		} else if (s.quote != 0) {
			scan_quoted(&s);
		} else {
			scan_one(&s, out);
		}
	}
	return !s.block;
}

void
yaml_comments_free(struct yaml_comments *c)
{
	free(c->comment);
	free(c->indent);
	*c = (struct yaml_comments){.count = 0};
}

bool
yaml_comments_is_blank(const struct yaml_comments *c, unsigned line)
{
	return line >= 1 && line <= c->line_count && c->indent[line - 1] == SIZE_MAX;
}

static void
begin_line(struct scan *s, struct yaml_comments *out)
{
	size_t *grown = realloc(out->indent, (out->line_count + 1) * sizeof(*grown)), end = s->at;

	if (grown == NULL)
		abort();
	while (end < s->text.size && (s->text.data[end] == ' ' || s->text.data[end] == '\t'))
		end++;
	out->indent = grown;
	grown[out->line_count++] =
	    end == s->text.size || s->text.data[end] == '\n' || s->text.data[end] == '\r'
		? SIZE_MAX
		: end - s->at;
	s->line_begin = s->at;
	s->line++;
	s->value_may = s->quote == 0;
}

/* Inside '...' a ' is doubled, inside "..." a \ takes what follows. */
static void
scan_quoted(struct scan *s)
{
	const uint8_t c = s->text.data[s->at++];
	const uint8_t next = s->at < s->text.size ? s->text.data[s->at] : 0;

	if (s->quote == '"' && c == '\\' && next != '\n')
		s->at++;
	else if (c == '\'' && s->quote == '\'' && next == '\'')
		s->at++;
	else if (c == s->quote)
		s->quote = 0;
	s->closed = s->quote == 0;
	s->value_may = false;
}

static void
scan_one(struct scan *s, struct yaml_comments *out)
{
	const uint8_t c = s->text.data[s->at];
	const uint8_t before = s->at > s->line_begin ? s->text.data[s->at - 1] : ' ';

	if (c == '#' && (before == ' ' || before == '\t' || s->value_may || s->closed)) {
		take_comment(s, out);
		return;
	}
	if (s->value_may && (c == '"' || c == '\''))
		s->quote = c;
	if (s->value_may && (c == '|' || c == '>'))
		s->block = true;
	s->value_may = is_before_value(s, c);
	s->closed = c == ']' || c == '}';
	s->at++;
}

/* Behind spaces as before them; behind what begins a list or mapping, or ends a key or an entry. */
static bool
is_before_value(const struct scan *s, uint8_t c)
{
	const uint8_t next = s->at + 1 < s->text.size ? s->text.data[s->at + 1] : '\n';

	if (c == ' ' || c == '\t')
		return s->value_may;
	if (c == '[' || c == '{' || c == ',')
		return true;
	if (c == '-' || c == '?')
		return s->value_may && (next == ' ' || next == '\n');
	return c == ':';
}

static void
take_comment(struct scan *s, struct yaml_comments *out)
{
	struct yaml_comment *grown = realloc(out->comment, (out->count + 1) * sizeof(*grown));
	const struct view rest = {s->text.data + s->at, s->text.size - s->at};
	const uint8_t *end = memchr(rest.data, '\n', rest.size);
	size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
	const size_t column = s->at - s->line_begin;

	if (grown == NULL)
		abort();
	s->at += size;
	while (size > 0 && memchr(" \t\r", rest.data[size - 1], 3) != NULL)
		size--;
	out->comment = grown;
	grown[out->count++] = (struct yaml_comment){.line = s->line,
	    .column = column,
	    .alone = out->indent[s->line - 1] == column,
	    .text = {rest.data, size}};
}
