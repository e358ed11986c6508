#include "policy/sources/reference.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/text.h"

#define LINE_SHOWN_MAX 96 /* bytes: a digest, and the beginning of a path */

struct reference_set {
	struct buf names; /* that are not in the text as they are */
	struct reference_entry *entries;
	const struct reference_entry **by_content; /* NULL: nobody has asked for it */
	size_t count;
	size_t capacity;
};

static void add_first_fault(
    struct faults *faults, const char *file, unsigned number, const char *wrong, struct view line);
static const char *parse_line(struct reference_set *s, struct view line);
static void append_entry(struct reference_set *s, const struct reference_entry *e);
static void sort_entries(struct reference_set *s);
static int entry_compare(const void *a, const void *b);
static int content_compare(const void *a, const void *b);
static int compare_content(const struct reference_entry *e, uint8_t kind, const struct digest *d);

enum err
reference_parse(
    const char *file, struct view text, struct faults *faults, struct reference_set **out)
{
	struct reference_set *s;
	unsigned number = 0;
	size_t bad = 0;
	struct view line;

	*out = NULL;
	if (text.size > REFERENCE_SIZE_MAX) {
		faults_add(faults, file, 0, "the reference set has %zu bytes; at most %d allowed",
		    text.size, REFERENCE_SIZE_MAX);
		return ERR_CONFIG;
	}
	if ((s = calloc(1, sizeof(*s))) == NULL)
		abort();
	s->names = BUF_INIT;
	/* A name is not longer than its line: the names do not move while they are pointed to. */
	if (text.size > 0 && memchr(text.data, '\\', text.size) != NULL &&
	    buf_reserve(&s->names, text.size) == NULL)
		abort();
	while (text.size > 0) {
		const char *wrong = "the last line is not ended; the file may have been cut";

		number++;
		if (line_next(&text, &line) == ERR_OK) {
			wrong = parse_line(s, line);
		} else {
			line = text;
			text.size = 0;
		}
		if (wrong != NULL && bad++ == 0)
			add_first_fault(faults, file, number, wrong, line);
		else if (wrong != NULL && bad <= REFERENCE_FAULTS_MAX)
			faults_add(faults, file, number, "%s", wrong);
	}
	if (bad > REFERENCE_FAULTS_MAX)
		faults_add(faults, file, number, "%zu more bad lines", bad - REFERENCE_FAULTS_MAX);
	if (number == 0)
		faults_add(faults, file, 0,
		    "the reference set is empty; make it with sha256sum and absolute paths");
	if (bad > 0 || number == 0) {
		reference_free(&s);
		return ERR_CONFIG;
	}
	sort_entries(s);
	*out = s;
	return ERR_OK;
}

void
reference_free(struct reference_set **s)
{
	if (*s == NULL)
		return;
	buf_free(&(*s)->names);
	free((*s)->by_content);
	free((*s)->entries);
	free(*s);
	*s = NULL;
}

size_t
reference_count(const struct reference_set *s)
{
	return s->count;
}

const struct reference_entry *
reference_at(const struct reference_set *s, size_t index)
{
	return &s->entries[index];
}

size_t
reference_seek(const struct reference_set *s, size_t from, struct view path)
{
	size_t step = 1, low = from, high;

	while (low + step <= s->count && view_compare(s->entries[low + step - 1].path, path) < 0) {
		low += step;
		step *= 2;
	}
	/* All before `low` are before `path`; what is looked for stands in [low, high]. */
	high = low + step - 1 < s->count ? low + step - 1 : s->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (view_compare(s->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
reference_sort_contents(struct reference_set *s)
{
	if (s->by_content != NULL)
		return;
	if ((s->by_content = calloc(s->count + 1, sizeof(*s->by_content))) == NULL)
		abort();
	for (size_t i = 0; i < s->count; i++)
		s->by_content[i] = &s->entries[i];
	qsort(s->by_content, s->count, sizeof(*s->by_content), content_compare);
}

size_t
reference_seek_content(
    const struct reference_set *s, enum reference_kind kind, const struct digest *digest)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_content(s->by_content[middle], (uint8_t)kind, digest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct reference_entry *
reference_content_at(const struct reference_set *s, size_t place)
{
	return s->by_content[place];
}

/*
 * With the beginning of the line, which tells most often what was made in the place of a set. Only
 * of the first one: of a key that was named by mistake, that is not the secret.
 */
static void
add_first_fault(
    struct faults *faults, const char *file, unsigned number, const char *wrong, struct view line)
{
	struct buf found = BUF_INIT;

	text_append_printable(&found, line, LINE_SHOWN_MAX);
	buf_append_byte(&found, 0);
	if (buf_status(&found) != ERR_OK)
		abort();
	faults_add(faults, file, number, "%s; found \"%s\"", wrong, (const char *)found.data);
	buf_free(&found);
}

/* NULL, or what is wrong with the line. */
static const char *
parse_line(struct reference_set *s, struct view line)
{
	struct reference_entry e;
	const char *wrong = reference_entry_parse(line, &s->names, &e);

	if (wrong == NULL)
		append_entry(s, &e);
	return wrong;
}

static void
append_entry(struct reference_set *s, const struct reference_entry *e)
{
	if (s->count == s->capacity) {
		const size_t capacity = s->capacity == 0 ? 64 : 2 * s->capacity;
		struct reference_entry *grown = realloc(s->entries, capacity * sizeof(*grown));

		if (grown == NULL)
			abort();
		s->entries = grown;
		s->capacity = capacity;
	}
	s->entries[s->count++] = *e;
}

static void
sort_entries(struct reference_set *s)
{
	size_t count = 0;

	qsort(s->entries, s->count, sizeof(*s->entries), entry_compare);
	for (size_t i = 0; i < s->count; i++)
		if (count == 0 || entry_compare(&s->entries[count - 1], &s->entries[i]) != 0)
			s->entries[count++] = s->entries[i];
	s->count = count;
}

static int
entry_compare(const void *a, const void *b)
{
	return reference_entry_compare(a, b);
}

static int
content_compare(const void *a, const void *b)
{
	const struct reference_entry *x = *(const struct reference_entry *const *)a;
	const struct reference_entry *y = *(const struct reference_entry *const *)b;

	return compare_content(x, y->kind, &y->digest);
}

static int
compare_content(const struct reference_entry *e, uint8_t kind, const struct digest *d)
{
	const int order = digest_compare(&e->digest, d);

	return order != 0 ? order : (int)e->kind - (int)kind;
}
