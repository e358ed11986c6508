#include "proto/report/inforce.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/bundle.h"
#include "proto/json/json_read.h"
#include "proto/report/notice.h"
#include "proto/text.h"
#include "proto/utc.h"

#define FIRST_LINE "hallmark in force v1"
#define FIRST_WORD "hallmark in force v"

#define LINE_SIZE_MIN (7 + DIGEST_HEX_SIZE + 3) /* bytes: a number of one digit */

static int feed_compare(const void *a, const void *b);
static int number_compare(const void *a, const void *b);
static int statement_compare(const void *a, const void *b);
static bool write_feeds(struct inforce_feed *feeds, size_t count, struct buf *to);
static bool write_numbers(struct inforce_number *numbers, size_t count, struct buf *to);
static bool write_statements(struct inforce_statement *statements, size_t count, struct buf *to);
static void append_digest(struct buf *to, const struct digest *d);
static enum err parse_lines(struct view text, struct inforce *f);
static enum err parse_line(struct view line, struct inforce *f);
static bool parse_feed(struct view rest, struct inforce *f);
static bool parse_number(struct view rest, struct inforce *f);
static bool parse_statement(struct view rest, struct inforce *f);
static bool take_digest(struct view *rest, struct digest *out);

enum err
inforce_write(struct inforce *f, struct buf *to)
{
	const size_t begun = to->size;
	bool good;
	enum err e;

	buf_append_string(to, FIRST_LINE "\n");
	good = write_feeds(f->feeds, f->feed_count, to);
	if (f->has_manifest) {
		buf_append_string(to, "manifest ");
		append_digest(to, &f->manifest);
		buf_append_byte(to, '\n');
	}
	good = good && write_numbers(f->numbers, f->number_count, to) &&
	       write_statements(f->statements, f->statement_count, to);
	if (!good)
		e = ERR_FORMAT;
	else if ((e = buf_status(to)) == ERR_OK && to->size - begun > INFORCE_SIZE_MAX)
		e = ERR_FORMAT_SIZE;
	if (e != ERR_OK)
		to->size = begun;
	return e;
}

enum err
inforce_parse(struct view text, struct inforce **out)
{
	struct inforce *f;
	const size_t lines_max = text.size / LINE_SIZE_MIN;
	enum err e;

	*out = NULL;
	if (text.size > INFORCE_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return ERR_MEMORY;
	f->numbers = calloc(lines_max + 1, sizeof(*f->numbers));
	f->statements = calloc(lines_max + 1, sizeof(*f->statements));
	if (f->numbers == NULL || f->statements == NULL)
		e = ERR_MEMORY;
	else
		e = parse_lines(text, f);
	if (e == ERR_OK)
		*out = f;
	else
		inforce_free(&f);
	return e;
}

void
inforce_free(struct inforce **f)
{
	if (*f == NULL)
		return;
	free((*f)->numbers);
	free((*f)->statements);
	free(*f);
	*f = NULL;
}

static int
feed_compare(const void *a, const void *b)
{
	const struct inforce_feed *x = a, *y = b;

	return view_compare(x->name, y->name);
}

static int
number_compare(const void *a, const void *b)
{
	const struct inforce_number *x = a, *y = b;

	return digest_compare(&x->key, &y->key);
}

static int
statement_compare(const void *a, const void *b)
{
	const struct inforce_statement *x = a, *y = b;

	return digest_compare(&x->sha256, &y->sha256);
}

static bool
write_feeds(struct inforce_feed *feeds, size_t count, struct buf *to)
{
	if (count > INFORCE_FEEDS_MAX)
		return false;
	if (count > 0)
		qsort(feeds, count, sizeof(*feeds), feed_compare);
	for (size_t i = 0; i < count; i++) {
		if (bundle_workload_check(feeds[i].name) != ERR_OK || feeds[i].written_s == 0 ||
		    feeds[i].written_s > UTC_MAX_S ||
		    (i > 0 && feed_compare(&feeds[i - 1], &feeds[i]) == 0))
			return false;
		buf_append_string(to, "feed ");
		buf_append_view(to, feeds[i].name);
		buf_append_byte(to, ' ');
		append_digest(to, &feeds[i].sha256);
		buf_append_format(to, " %llu\n", (unsigned long long)feeds[i].written_s);
	}
	return true;
}

static bool
write_numbers(struct inforce_number *numbers, size_t count, struct buf *to)
{
	if (count > 0)
		qsort(numbers, count, sizeof(*numbers), number_compare);
	for (size_t i = 0; i < count; i++) {
		const struct inforce_number *n = &numbers[i];

		if (n->number == 0 || n->number > JSON_NUMBER_MAX ||
		    (i > 0 && number_compare(n - 1, n) == 0))
			return false;
		buf_append_string(to, "number ");
		append_digest(to, &n->key);
		buf_append_byte(to, ' ');
		buf_append_decimal(to, n->number);
		buf_append_byte(to, '\n');
	}
	return true;
}

static bool
write_statements(struct inforce_statement *statements, size_t count, struct buf *to)
{
	if (count > 0)
		qsort(statements, count, sizeof(*statements), statement_compare);
	for (size_t i = 0; i < count; i++) {
		const struct inforce_statement *s = &statements[i];

		if (!entry_word_is_good(s->kind, NOTICE_WORD_MAX) ||
		    (i > 0 && statement_compare(s - 1, s) == 0))
			return false;
		buf_append_string(to, "statement ");
		append_digest(to, &s->sha256);
		buf_append_byte(to, ' ');
		buf_append_view(to, s->kind);
		buf_append_byte(to, '\n');
	}
	return true;
}

static void
append_digest(struct buf *to, const struct digest *d)
{
	hex_append(to, (struct view){d->bytes, DIGEST_SIZE});
}

static enum err
parse_lines(struct view text, struct inforce *f)
{
	const struct view start = VIEW_LITERAL(FIRST_WORD);
	struct view line, before = {NULL, 0};
	enum err e;

	if (line_next(&text, &line) != ERR_OK)
		return ERR_FORMAT;
	if (!view_equal(line, VIEW_LITERAL(FIRST_LINE)))
		return line.size > start.size && memcmp(line.data, start.data, start.size) == 0
			   ? ERR_UNSUPPORTED
			   : ERR_FORMAT;
	for (; text.size > 0; before = line) {
		if (line_next(&text, &line) != ERR_OK || view_compare(before, line) >= 0)
			return ERR_FORMAT;
		if ((e = parse_line(line, f)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
parse_line(struct view line, struct inforce *f)
{
	const uint8_t *space = line.size == 0 ? NULL : memchr(line.data, ' ', line.size);
	struct view kind, rest;
	bool good;

	if (space == NULL)
		return ERR_FORMAT;
	kind = (struct view){line.data, (size_t)(space - line.data)};
	rest = (struct view){space + 1, line.size - kind.size - 1};
	if (view_equal(kind, VIEW_LITERAL("feed"))) {
		good = parse_feed(rest, f);
	} else if (view_equal(kind, VIEW_LITERAL("manifest"))) {
		good = !f->has_manifest && take_digest(&rest, &f->manifest) && rest.size == 0;
		f->has_manifest = true;
	} else if (view_equal(kind, VIEW_LITERAL("number"))) {
		good = parse_number(rest, f);
	} else if (view_equal(kind, VIEW_LITERAL("statement"))) {
		good = parse_statement(rest, f);
	} else {
		good = entry_word_is_good(kind, NOTICE_WORD_MAX) && rest.size > 0 &&
		       text_is_printable(rest, true);
		if (f->unknown_count++ == 0)
			f->unknown_kind = kind;
	}
	return good ? ERR_OK : ERR_FORMAT;
}

/* Sorted lines may still have a name twice, with two digests. */
static bool
parse_feed(struct view rest, struct inforce *f)
{
	struct inforce_feed *feed = &f->feeds[f->feed_count];
	const uint8_t *space = rest.size == 0 ? NULL : memchr(rest.data, ' ', rest.size);

	if (space == NULL || f->feed_count++ == INFORCE_FEEDS_MAX)
		return false;
	feed->name = (struct view){rest.data, (size_t)(space - rest.data)};
	rest = (struct view){space + 1, rest.size - feed->name.size - 1};
	if (!take_digest(&rest, &feed->sha256) || rest.size == 0 || rest.data[0] != ' ')
		return false;
	rest = (struct view){rest.data + 1, rest.size - 1};
	return bundle_workload_check(feed->name) == ERR_OK &&
	       decimal_decode(rest, &feed->written_s) == ERR_OK && feed->written_s > 0 &&
	       feed->written_s <= UTC_MAX_S &&
	       (f->feed_count == 1 || feed_compare(feed - 1, feed) < 0);
}

/* Sorted lines may still have a key twice, with two numbers. */
static bool
parse_number(struct view rest, struct inforce *f)
{
	struct inforce_number *n = &f->numbers[f->number_count++];

	if (!take_digest(&rest, &n->key) || rest.size == 0 || rest.data[0] != ' ')
		return false;
	rest = (struct view){rest.data + 1, rest.size - 1};
	return decimal_decode(rest, &n->number) == ERR_OK && n->number > 0 &&
	       n->number <= JSON_NUMBER_MAX &&
	       (f->number_count == 1 || number_compare(n - 1, n) < 0);
}

static bool
parse_statement(struct view rest, struct inforce *f)
{
	struct inforce_statement *s = &f->statements[f->statement_count++];

	if (!take_digest(&rest, &s->sha256) || rest.size == 0 || rest.data[0] != ' ')
		return false;
	s->kind = (struct view){rest.data + 1, rest.size - 1};
	return entry_word_is_good(s->kind, NOTICE_WORD_MAX) &&
	       (f->statement_count == 1 || statement_compare(s - 1, s) < 0);
}

static bool
take_digest(struct view *rest, struct digest *out)
{
	if (rest->size < DIGEST_HEX_SIZE ||
	    digest_from_hex((struct view){rest->data, DIGEST_HEX_SIZE}, out) != ERR_OK)
		return false;
	*rest = (struct view){rest->data + DIGEST_HEX_SIZE, rest->size - DIGEST_HEX_SIZE};
	return true;
}
