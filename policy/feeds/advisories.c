#include "policy/feeds/advisories.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/package_version.h"
#include "proto/encoding.h"

#define WORDS_MAX 6 /* of a line */

struct advisories {
	struct view text;
	size_t count;
	uint32_t *line; /* where each begins */
};

struct words {
	size_t count;
	struct view word[WORDS_MAX];
};

static const char *take_line(struct advisories *a, struct view line, struct view *before);
static const char *check_line(struct view line);
static const char *check_package(const struct words *w);
static bool is_limit(const struct package_order *order, struct view to);
static bool is_made(const struct words *w);
static bool split(struct view line, struct words *out);
static struct view line_at(const struct advisories *a, size_t index);
static size_t find(const struct advisories *a, struct view beginning, size_t *count);
static size_t seek(const struct advisories *a, struct view beginning, bool behind);
static struct view cut_limit(struct view to, bool *included);
static bool is_word(struct view v, size_t size_max);

enum err
advisories_parse(const char *file, struct view text, struct faults *faults, struct advisories **out)
{
	struct advisories *a = calloc(1, sizeof(*a));
	struct view rest = text, line, before = {NULL, 0};
	size_t lines = 0, bad = 0;
	unsigned number = 0;

	*out = NULL;
	for (size_t i = 0; i < text.size; i++)
		lines += text.data[i] == '\n';
	if (a == NULL || (a->line = calloc(lines + 1, sizeof(*a->line))) == NULL)
		abort();
	a->text = text;
	while (rest.size > 0) {
		const bool ended = line_next(&rest, &line) == ERR_OK;
		const char *wrong = "the last line is not ended; the file may have been cut";

		if (ended && number++ == 0)
			wrong = view_equal(line, VIEW_LITERAL(ADVISORIES_FIRST_LINE))
				    ? NULL
				    : "expected \"" ADVISORIES_FIRST_LINE
				      "\": `hallmark-signer policy advisories` makes such a file";
		else if (ended)
			wrong = take_line(a, line, &before);
		if (wrong != NULL && bad++ < ADVISORIES_FAULTS_MAX)
			faults_add(faults, file, number + !ended, "%s", wrong);
		/* Of another kind of file nothing more is to be told. */
		if (!ended || (number == 1 && wrong != NULL))
			rest.size = 0;
	}
	if (bad > ADVISORIES_FAULTS_MAX)
		faults_add(faults, file, number, "%zu more bad lines", bad - ADVISORIES_FAULTS_MAX);
	if (text.size == 0 || text.size > ADVISORIES_SIZE_MAX)
		faults_add(faults, file, 0, "%s",
		    text.size == 0 ? "the advisories are empty: there is not even a first line"
				   : "the advisories have more than 16 MiB");
	if (bad > 0 || text.size == 0 || text.size > ADVISORIES_SIZE_MAX) {
		advisories_free(&a);
		return ERR_CONFIG;
	}
	*out = a;
	return ERR_OK;
}

void
advisories_free(struct advisories **a)
{
	if (*a == NULL)
		return;
	free((*a)->line);
	free(*a);
	*a = NULL;
}

size_t
advisories_count(const struct advisories *a)
{
	return a->count;
}

size_t
advisories_bytes(const struct advisories *a)
{
	return sizeof(*a) + a->count * sizeof(*a->line);
}

size_t
advisories_of_package(
    const struct advisories *a, struct view manager, struct view name, size_t *count)
{
	uint8_t bytes[sizeof("package dpkg ") + ADVISORIES_NAME_MAX + 1];
	struct view beginning = {bytes, 0};

	*count = 0;
	if (package_order_of(manager) == NULL || !advisories_name_is(name))
		return 0;
	memcpy(bytes, "package ", 8);
	memcpy(bytes + 8, manager.data, manager.size);
	beginning.size = 8 + manager.size;
	bytes[beginning.size++] = ' ';
	memcpy(bytes + beginning.size, name.data, name.size);
	beginning.size += name.size;
	bytes[beginning.size++] = ' ';
	return find(a, beginning, count);
}

size_t
advisories_of_file(const struct advisories *a, const struct digest *content, size_t *count)
{
	uint8_t bytes[sizeof("file ") + DIGEST_HEX_SIZE + 1];

	memcpy(bytes, "file ", 5);
	digest_to_hex(content, (char *)bytes + 5);
	bytes[5 + DIGEST_HEX_SIZE] = ' ';
	return find(a, (struct view){bytes, 5 + DIGEST_HEX_SIZE + 1}, count);
}

struct advisory
advisories_at(const struct advisories *a, size_t index)
{
	struct advisory out = {.id = {NULL, 0}};
	struct words w;

	if (!split(line_at(a, index), &w))
		abort(); /* it was parsed */
	if (w.count == 6)
		out = (struct advisory){w.word[3], w.word[4], w.word[5]};
	else
		out.id = w.word[2];
	return out;
}

bool
advisory_affects(const struct advisory *a, struct view manager, struct view version)
{
	const struct package_order *order = package_order_of(manager);
	bool included;
	const struct view limit = cut_limit(a->to, &included);
	int place;

	if (order == NULL || order->check(version) != ERR_OK)
		return true;
	if (!view_equal(a->from, VIEW_LITERAL("-")) && order->compare(version, a->from) < 0)
		return false;
	if (limit.size == 0)
		return true;
	place = order->compare(version, limit);
	return place < 0 || (included && place == 0);
}

struct view
advisory_fixed(const struct advisory *a)
{
	bool included;
	const struct view limit = cut_limit(a->to, &included);

	return included ? (struct view){NULL, 0} : limit;
}

bool
advisories_id_is(struct view id)
{
	return is_word(id, ADVISORIES_ID_MAX);
}

bool
advisories_name_is(struct view name)
{
	return is_word(name, ADVISORIES_NAME_MAX);
}

/* NULL, or what is wrong with it. */
static const char *
take_line(struct advisories *a, struct view line, struct view *before)
{
	const char *wrong = check_line(line);

	if (wrong == NULL && before->data != NULL && view_compare(*before, line) >= 0)
		wrong = "lines have to rise bytewise, and none stands there twice";
	if (wrong == NULL) {
		*before = line;
		a->line[a->count++] = (uint32_t)(line.data - a->text.data);
	}
	return wrong;
}

static const char *
check_line(struct view line)
{
	struct words w;
	struct digest digest;

	if (split(line, &w) && w.count == 6 && view_equal(w.word[0], VIEW_LITERAL("package")))
		return check_package(&w);
	if (w.count == 3 && view_equal(w.word[0], VIEW_LITERAL("file")) &&
	    digest_from_hex(w.word[1], &digest) == ERR_OK && advisories_id_is(w.word[2]))
		return NULL;
	if (w.count == 3 && is_made(&w) && digest_from_hex(w.word[2], &digest) == ERR_OK)
		return NULL;
	return "expected \"package MANAGER NAME ID FROM TO\", \"file SHA256 ID\" or "
	       "\"made KIND SHA256\"";
}

static const char *
check_package(const struct words *w)
{
	const struct package_order *order = package_order_of(w->word[1]);

	if (order == NULL)
		return "expected apk, dpkg or rpm behind \"package\"";
	if (!advisories_name_is(w->word[2]) || !advisories_id_is(w->word[3]))
		return "a name has at most 256 bytes, an id 64, of printable ASCII";
	if (!view_equal(w->word[4], VIEW_LITERAL("-")) && order->check(w->word[4]) != ERR_OK)
		return "expected a version of this manager, or \"-\", as the first affected one";
	if (!is_limit(order, w->word[5]))
		return "expected \"<\" or \"<=\" and a version of this manager, or \"-\", at the "
		       "end";
	return NULL;
}

static bool
is_limit(const struct package_order *order, struct view to)
{
	bool included;
	const struct view limit = cut_limit(to, &included);

	return view_equal(to, VIEW_LITERAL("-")) ||
	       (limit.size > 0 && order->check(limit) == ERR_OK);
}

static bool
is_made(const struct words *w)
{
	return view_equal(w->word[0], VIEW_LITERAL("made")) &&
	       (view_equal(w->word[1], VIEW_LITERAL("csaf")) ||
		   view_equal(w->word[1], VIEW_LITERAL("debian")) ||
		   view_equal(w->word[1], VIEW_LITERAL("osv")));
}

/* At single spaces. False for an empty word, or too many. */
static bool
split(struct view line, struct words *out)
{
	size_t begun = 0;

	out->count = 0;
	for (size_t i = 0; i <= line.size; i++) {
		if (i < line.size && line.data[i] != ' ')
			continue;
		if (i == begun || out->count == WORDS_MAX) {
			out->count = 0;
			return false;
		}
		out->word[out->count++] = (struct view){line.data + begun, i - begun};
		begun = i + 1;
	}
	return true;
}

static struct view
line_at(const struct advisories *a, size_t index)
{
	const size_t begun = a->line[index];
	const size_t end = index + 1 < a->count ? a->line[index + 1] : a->text.size;

	return (struct view){a->text.data + begun, end - begun - 1};
}

/* Those that begin so. */
static size_t
find(const struct advisories *a, struct view beginning, size_t *count)
{
	const size_t first = seek(a, beginning, false);

	*count = seek(a, beginning, true) - first;
	return first;
}

/* The first line that is not before all that begin so; `behind`: that is behind all of them. */
static size_t
seek(const struct advisories *a, struct view beginning, bool behind)
{
	size_t low = 0, high = a->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		struct view line = line_at(a, middle);

		if (line.size > beginning.size)
			line.size = beginning.size;
		if (view_compare(line, beginning) < (behind ? 1 : 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Size 0 for "-", and for what is no limit. */
static struct view
cut_limit(struct view to, bool *included)
{
	const size_t sign = to.size > 1 && to.data[0] == '<' ? (to.data[1] == '=' ? 2 : 1) : 0;

	*included = sign == 2;
	return sign > 0 ? (struct view){to.data + sign, to.size - sign} : (struct view){NULL, 0};
}

static bool
is_word(struct view v, size_t size_max)
{
	for (size_t i = 0; i < v.size; i++)
		if (v.data[i] <= ' ' || v.data[i] > '~')
			return false;
	return v.size > 0 && v.size <= size_max;
}
