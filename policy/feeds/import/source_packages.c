#include "policy/feeds/import/source_packages.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml_check.h"
#include "proto/encoding.h"

static const char odd_version[] = "packages whose version is not that of their source";

struct pair {
	size_t source_at, source_size, package_at, package_size; /* in the names */
	struct view source, package;                             /* when all are there */
};

struct source_packages {
	struct buf names;
	struct pair *pair;
	size_t count, capacity;
};

/* Of a paragraph, as far as it has come. */
struct paragraph {
	struct view package, source, version;
};

static void take_line(struct paragraph *p, struct view line);
static bool take_field(struct view line, const char *name, struct view *out);
static bool end_paragraph(
    struct source_packages *p, struct paragraph *of, struct left_out *left_out);
static bool is_same_version(struct view package, struct view source);
static void keep(struct source_packages *p, struct view source, struct view package);
static int compare_pairs(const void *a, const void *b);
static struct view trim(struct view v);

struct source_packages *
source_packages_new(void)
{
	struct source_packages *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	return p;
}

void
source_packages_free(struct source_packages **p)
{
	if (*p == NULL)
		return;
	buf_free(&(*p)->names);
	free((*p)->pair);
	free(*p);
	*p = NULL;
}

enum err
source_packages_read(
    struct source_packages *p, const char *file, struct faults *faults, struct left_out *left_out)
{
	struct buf text = BUF_INIT;
	enum err e = yaml_read_file(file, 0, NULL, file, SOURCE_PACKAGES_SIZE_MAX, faults, &text);

	if (e == ERR_OK)
		e = source_packages_parse(p, file, buf_view(&text), faults, left_out);
	buf_free(&text);
	return e;
}

enum err
source_packages_parse(struct source_packages *p, const char *file, struct view text,
    struct faults *faults, struct left_out *left_out)
{
	struct paragraph of = {.package = {NULL, 0}};
	struct view line;
	bool any = false;

	while (text.size > 0) {
		if (line_next(&text, &line) != ERR_OK) {
			line = text;
			text.size = 0;
		}
		if (trim(line).size > 0)
			take_line(&of, line);
		else
			any |= end_paragraph(p, &of, left_out);
	}
	any |= end_paragraph(p, &of, left_out);
	if (any)
		return ERR_OK;
	faults_add(faults, file, 0,
	    "is no list of packages: expected paragraphs with \"Package:\" (Debian) or \"P:\" "
	    "(Alpine)");
	return ERR_CONFIG;
}

void
source_packages_sort(struct source_packages *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct pair *x = &p->pair[i];

		x->source = (struct view){p->names.data + x->source_at, x->source_size};
		x->package = (struct view){p->names.data + x->package_at, x->package_size};
	}
	if (p->count > 1)
		qsort(p->pair, p->count, sizeof(*p->pair), compare_pairs);
}

size_t
source_packages_of(const struct source_packages *p, struct view source, size_t *count)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (view_compare(p->pair[middle].source, source) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < p->count && view_equal(p->pair[high].source, source);)
		high++;
	*count = high - low;
	return low;
}

struct view
source_packages_at(const struct source_packages *p, size_t index)
{
	return p->pair[index].package;
}

static void
take_line(struct paragraph *p, struct view line)
{
	if (!take_field(line, "Package:", &p->package) && !take_field(line, "P:", &p->package) &&
	    !take_field(line, "Source:", &p->source) && !take_field(line, "o:", &p->source) &&
	    !take_field(line, "Version:", &p->version))
		(void)take_field(line, "V:", &p->version);
}

static bool
take_field(struct view line, const char *name, struct view *out)
{
	const size_t size = strlen(name);

	if (line.size < size || memcmp(line.data, name, size) != 0)
		return false;
	*out = trim((struct view){line.data + size, line.size - size});
	return true;
}

/* "Source: gcc-12 (12.2.0-14)" where the version is another one than the package's. */
static bool
end_paragraph(struct source_packages *p, struct paragraph *of, struct left_out *left_out)
{
	const struct view package = of->package, version = of->version;
	struct view source = of->source.size > 0 ? of->source : package;
	const uint8_t *open = source.size > 0 ? memchr(source.data, '(', source.size) : NULL;

	*of = (struct paragraph){.package = {NULL, 0}};
	if (package.size == 0)
		return false;
	if (open != NULL) {
		const size_t at = (size_t)(open - source.data);
		struct view its = {open + 1, source.size - at - 1};

		its.size -= its.size > 0 && its.data[its.size - 1] == ')';
		source = trim((struct view){source.data, at});
		if (!is_same_version(version, its)) {
			left_out_add(left_out, package, odd_version);
			return true;
		}
	}
	keep(p, source, package);
	return true;
}

/* But for what was only built again: "+b1" behind it. */
static bool
is_same_version(struct view package, struct view source)
{
	size_t at = source.size + 2;

	if (package.size <= source.size)
		return view_equal(package, source);
	if (memcmp(package.data, source.data, source.size) != 0 || package.size <= at ||
	    memcmp(package.data + source.size, "+b", 2) != 0)
		return false;
	while (at < package.size && package.data[at] >= '0' && package.data[at] <= '9')
		at++;
	return at == package.size;
}

static void
keep(struct source_packages *p, struct view source, struct view package)
{
	if (p->count == p->capacity) {
		const size_t capacity = p->capacity == 0 ? 256 : 2 * p->capacity;
		struct pair *grown = realloc(p->pair, capacity * sizeof(*grown));

		if (grown == NULL)
			abort();
		p->pair = grown;
		p->capacity = capacity;
	}
	p->pair[p->count] = (struct pair){.source_at = p->names.size,
	    .source_size = source.size,
	    .package_at = p->names.size + source.size,
	    .package_size = package.size};
	p->count++;
	buf_append_view(&p->names, source);
	buf_append_view(&p->names, package);
	if (buf_status(&p->names) != ERR_OK)
		abort();
}

static int
compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	const int order = view_compare(x->source, y->source);

	return order != 0 ? order : view_compare(x->package, y->package);
}

static struct view
trim(struct view v)
{
	while (v.size > 0 && memchr(" \t\r", v.data[0], 3) != NULL)
		v = (struct view){v.data + 1, v.size - 1};
	while (v.size > 0 && memchr(" \t\r", v.data[v.size - 1], 3) != NULL)
		v.size--;
	return v;
}
