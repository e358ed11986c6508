#include "policy/reference.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/component.h"
#include "proto/evidence/redacted.h"

struct reference_set {
	struct buf names;
	struct reference_entry *entries;
	size_t count;
	size_t capacity;
};

static const char *parse_line(struct reference_set *s, struct view line);
static bool is_plain(struct view path);
static const char *parse_name(struct reference_set *s, struct view name, bool escaped);
static void sort_entries(struct reference_set *s);
static int entry_compare(const void *a, const void *b);

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
	if (buf_reserve(&s->names, text.size + 1) == NULL)
		abort();
	while (text.size > 0) {
		const char *wrong = "the last line is not ended; the file may have been cut";

		number++;
		if (line_next(&text, &line) == ERR_OK)
			wrong = parse_line(s, line);
		else
			text.size = 0;
		if (wrong != NULL && bad++ < REFERENCE_FAULTS_MAX)
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

bool
reference_is_path(struct view path)
{
	return path.size <= COMPONENT_PATH_MAX &&
	       (redacted_is(path) || (path.size > 0 && path.data[0] == '/' && is_plain(path)));
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

/* NULL, or what is wrong with the line. */
static const char *
parse_line(struct reference_set *s, struct view line)
{
	const bool escaped = line.size > 0 && line.data[0] == '\\';
	struct reference_entry e;
	const char *wrong;

	if (escaped)
		line = (struct view){line.data + 1, line.size - 1};
	if (line.size < DIGEST_HEX_SIZE + 2 ||
	    digest_from_hex((struct view){line.data, DIGEST_HEX_SIZE}, &e.digest) != ERR_OK ||
	    line.data[DIGEST_HEX_SIZE] != ' ' ||
	    (line.data[DIGEST_HEX_SIZE + 1] != ' ' && line.data[DIGEST_HEX_SIZE + 1] != '*'))
		return "expected a line of sha256sum: 64 lower-case hex digits, two spaces, a path";
	if (digest_is_zero(&e.digest))
		return "the digest is all zeros, which stands for what could not be read";
	line = (struct view){line.data + DIGEST_HEX_SIZE + 2, line.size - DIGEST_HEX_SIZE - 2};
	e.path.data = s->names.data + s->names.size;
	if ((wrong = parse_name(s, line, escaped)) != NULL)
		return wrong;
	e.path.size = (size_t)(s->names.data + s->names.size - e.path.data);
	if ((e.path.size == 0 || e.path.data[0] != '/') && !redacted_is(e.path))
		return "expected an absolute path, because that is what is measured; give "
		       "sha256sum absolute paths";
	if (e.path.size > 0 && e.path.data[0] == '/' && !is_plain(e.path))
		return "nothing is measured under such a path: expected no \"//\", \"/./\" or "
		       "\"/../\" in it and no \"/\" at its end; give sha256sum the name itself "
		       "(realpath)";
	if (e.path.size > COMPONENT_PATH_MAX)
		return "the path is longer than 4096 bytes";
	if (s->count == s->capacity) {
		const size_t capacity = s->capacity == 0 ? 64 : 2 * s->capacity;
		struct reference_entry *grown = realloc(s->entries, capacity * sizeof(*grown));

		if (grown == NULL)
			abort();
		s->entries = grown;
		s->capacity = capacity;
	}
	s->entries[s->count++] = e;
	return NULL;
}

/* Names between slashes, none of them empty, "." or "..", as the kernel gives paths. */
static bool
is_plain(struct view path)
{
	for (size_t at = 0; at < path.size;) {
		const struct view name = {path.data + at + 1, path.size - at - 1};
		const uint8_t *slash = name.size > 0 ? memchr(name.data, '/', name.size) : NULL;
		const size_t size = slash != NULL ? (size_t)(slash - name.data) : name.size;

		if (size == 0 || (size <= 2 && memcmp(name.data, "..", size) == 0))
			return false;
		at += size + 1;
	}
	return true;
}

/* Appends the name as it is in the file system; there is room. */
static const char *
parse_name(struct reference_set *s, struct view name, bool escaped)
{
	bool needed = false;

	for (size_t i = 0; i < name.size; i++) {
		uint8_t c = name.data[i];

		if (c == 0)
			return "a path cannot hold a zero byte";
		if (c == '\r')
			return "a carriage return stands here as it is; save the file with Unix "
			       "line ends";
		if (c == '\\') {
			if (!escaped)
				return "a backslash stands in a name without one before the digest";
			needed = true;
			i++;
			c = i < name.size ? name.data[i] : 0;
			if (c == 'n')
				c = '\n';
			else if (c == 'r')
				c = '\r';
			else if (c != '\\')
				return "a backslash must stand before another, \"n\" or \"r\"";
		}
		buf_append_byte(&s->names, c);
	}
	if (escaped && !needed)
		return "a backslash stands before the digest, but nothing in the name needs it";
	return NULL;
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
	const struct reference_entry *x = a, *y = b;
	const int order = view_compare(x->path, y->path);

	return order != 0 ? order : digest_compare(&x->digest, &y->digest);
}
