#include "signer/policies/yaml_spelling.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "proto/text.h"

#define INDENT      2   /* columns */
#define COLUMNS_MAX 128 /* of what is deeper nothing is known */

struct spelling {
	const struct yaml_comments *comments;
	size_t next; /* comment that is not written yet */
	/* Where what began in a column has come to; 0: nothing has begun there. */
	size_t moved[COLUMNS_MAX];
	unsigned moved_line; /* the last that has begun */
	struct buf *to;
};

static void write_children(
    struct spelling *s, const struct yaml_node *n, size_t column, bool begun);
static void write_entry(struct spelling *s, const struct yaml_node *n, size_t column);
static void write_pair(
    struct spelling *s, const struct yaml_node *key, const struct yaml_node *value, size_t column);
static void write_value(
    struct spelling *s, unsigned line, const struct yaml_node *n, size_t column);
static bool is_on_one_line(
    const struct spelling *s, unsigned line, const struct yaml_node *n, size_t column);
static bool may_be_flow(const struct yaml_node *n, bool top);
static bool has_comments(const struct spelling *s, unsigned line, const struct yaml_node *n);
static unsigned last_line(const struct yaml_node *n);
static void write_flow(const struct yaml_node *n, struct buf *to);
static void write_scalar(const struct yaml_node *n, struct buf *to);
static void begin_line(struct spelling *s, unsigned line, size_t column);
static void write_before(struct spelling *s, unsigned line, size_t column);
static size_t deeper(
    const struct spelling *s, const struct yaml_comment *one, size_t indent, size_t column);
static void write_behind(struct spelling *s, unsigned line);
static size_t column_of(const struct buf *to);
static void write_blank(const struct spelling *s, unsigned line);
static void write_spaces(struct buf *to, size_t count);

void
yaml_spelling_write(
    const struct yaml_node *top, const struct yaml_comments *comments, struct buf *to)
{
	struct spelling s = {.comments = comments, .to = to};

	if (top->shape != YAML_SHAPE_SCALAR && top->count > 0)
		write_children(&s, top, 0, false);
	else
		write_value(&s, top->line, top, 0);
	write_before(&s, UINT_MAX, 0);
}

/* `begun`: the first line is, behind a dash. */
static void
write_children(struct spelling *s, const struct yaml_node *n, size_t column, bool begun)
{
	const bool list = n->shape == YAML_SHAPE_LIST;

	for (size_t i = 0; i < n->count; i += list ? 1 : 2) {
		if (i > 0 || !begun)
			begin_line(s, n->child[i]->line, column);
		if (list)
			write_entry(s, n->child[i], column);
		else
			write_pair(s, n->child[i], n->child[i + 1], column);
	}
}

static void
write_entry(struct spelling *s, const struct yaml_node *n, size_t column)
{
	buf_append_byte(s->to, '-');
	if (n->shape == YAML_SHAPE_SCALAR || n->count == 0 ||
	    is_on_one_line(s, n->line, n, column + INDENT)) {
		write_value(s, n->line, n, column);
	} else {
		buf_append_byte(s->to, ' ');
		write_children(s, n, column + INDENT, true);
	}
}

static void
write_pair(
    struct spelling *s, const struct yaml_node *key, const struct yaml_node *value, size_t column)
{
	write_scalar(key, s->to);
	buf_append_byte(s->to, ':');
	write_value(s, key->line, value, column);
}

/* Behind a dash or a key, which stand at `column` and have stood on that line. */
static void
write_value(struct spelling *s, unsigned line, const struct yaml_node *n, size_t column)
{
	if (n->shape == YAML_SHAPE_SCALAR && n->text.size == 0 && n->plain) {
		write_behind(s, n->line);
	} else if (n->shape == YAML_SHAPE_SCALAR || n->count == 0 ||
		   is_on_one_line(s, line, n, column_of(s->to) + 1)) {
		buf_append_byte(s->to, ' ');
		write_flow(n, s->to);
		write_behind(s, last_line(n));
	} else {
		/* A comment beside the first of what follows is about that. */
		write_behind(s, n->child[0]->line - 1);
		write_children(s, n, column + INDENT, false);
	}
}

static bool
is_on_one_line(const struct spelling *s, unsigned line, const struct yaml_node *n, size_t column)
{
	struct buf flow = BUF_INIT;
	bool fits;

	if (!may_be_flow(n, true) || has_comments(s, line, n))
		return false;
	write_flow(n, &flow);
	fits = column + flow.size <= YAML_SPELLING_COLUMNS;
	buf_free(&flow);
	return fits;
}

/* A mapping may be all of it, but is not inside. */
static bool
may_be_flow(const struct yaml_node *n, bool top)
{
	if (n->shape == YAML_SHAPE_SCALAR) {
		if (!n->plain)
			return true;
		for (size_t i = 0; i < n->text.size; i++)
			if (strchr(",[]{}", n->text.data[i]) != NULL)
				return false;
		return n->text.size > 0;
	}
	if (n->shape == YAML_SHAPE_MAPPING && !top)
		return false;
	for (size_t i = 0; i < n->count; i++)
		if (!may_be_flow(n->child[i], false))
			return false;
	return true;
}

/*
 * Between its key, which stood on that line, and its end. What is behind the end, or beside the
 * key, may stay where it is.
 */
static bool
has_comments(const struct spelling *s, unsigned line, const struct yaml_node *n)
{
	const unsigned last = last_line(n);
	size_t count = 0;

	for (size_t i = s->next; i < s->comments->count; i++) {
		const unsigned at = s->comments->comment[i].line;

		if (at > last)
			break;
		if ((at > line && at < n->line) || (at >= n->line && last > n->line))
			return true;
		count += at >= line;
	}
	/* One beside the key and one beside the value. */
	return count > 1;
}

static unsigned
last_line(const struct yaml_node *n)
{
	while (n->shape != YAML_SHAPE_SCALAR && n->count > 0)
		n = n->child[n->count - 1];
	return n->line;
}

static void
write_flow(const struct yaml_node *n, struct buf *to)
{
	const bool list = n->shape == YAML_SHAPE_LIST;

	if (n->shape == YAML_SHAPE_SCALAR) {
		write_scalar(n, to);
		return;
	}
	buf_append_byte(to, list ? '[' : '{');
	for (size_t i = 0; i < n->count; i++) {
		if (i > 0)
			buf_append_string(to, !list && i % 2 == 1 ? ": " : ", ");
		write_flow(n->child[i], to);
	}
	buf_append_byte(to, list ? ']' : '}');
}

/* All that JSON says in quotes is YAML. */
static void
write_scalar(const struct yaml_node *n, struct buf *to)
{
	if (n->plain)
		buf_append_view(to, n->text);
	else
		json_append_string(to, n->text);
}

static void
begin_line(struct spelling *s, unsigned line, size_t column)
{
	const size_t from = s->comments->indent[line - 1];

	write_before(s, line, column);
	write_spaces(s->to, column);
	/* Of several on one line, the first has begun it. */
	if (line > s->moved_line && from < COLUMNS_MAX)
		s->moved[from] = column;
	s->moved_line = line;
}

/* The comments above the line of what comes at this column. */
static void
write_before(struct spelling *s, unsigned line, size_t column)
{
	const struct yaml_comments *c = s->comments;
	const size_t indent = line <= c->line_count ? c->indent[line - 1] : 0;

	for (; s->next < c->count && c->comment[s->next].line < line; s->next++) {
		const struct yaml_comment *one = &c->comment[s->next];

		write_blank(s, one->line);
		write_spaces(s->to, column + deeper(s, one, indent, column));
		buf_append_view(s->to, one->text);
		buf_append_byte(s->to, '\n');
	}
	if (line <= c->line_count)
		write_blank(s, line);
}

/*
 * By how much a comment is deeper than what comes behind it, which has moved from `indent` to
 * `column`: then it is of what was before, and goes with that.
 */
static size_t
deeper(const struct spelling *s, const struct yaml_comment *one, size_t indent, size_t column)
{
	if (!one->alone || one->column <= indent)
		return 0;
	if (one->column < COLUMNS_MAX && s->moved[one->column] > column)
		return s->moved[one->column] - column;
	return (one->column - indent + INDENT - 1) / INDENT * INDENT;
}

/* Ends the line, with the comment that stood at the end of its own: in its column, if it can. */
static void
write_behind(struct spelling *s, unsigned line)
{
	const struct yaml_comments *c = s->comments;
	const struct yaml_comment *one = s->next < c->count ? &c->comment[s->next] : NULL;

	if (one != NULL && one->line <= line && !one->alone) {
		const size_t column = column_of(s->to);

		write_spaces(s->to, column + 2 < one->column ? one->column - column : 2);
		buf_append_view(s->to, one->text);
		s->next++;
	}
	buf_append_byte(s->to, '\n');
}

/* Bytes of the line that is not ended. */
static size_t
column_of(const struct buf *to)
{
	size_t begin = to->size;

	while (begin > 0 && to->data[begin - 1] != '\n')
		begin--;
	return to->size - begin;
}

/* Of those before the line, if it is not the first. */
static void
write_blank(const struct spelling *s, unsigned line)
{
	if (s->to->size > 0 && yaml_comments_is_blank(s->comments, line - 1))
		buf_append_byte(s->to, '\n');
}

static void
write_spaces(struct buf *to, size_t count)
{
	while (count-- > 0)
		buf_append_byte(to, ' ');
}
