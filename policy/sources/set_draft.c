#include "policy/sources/set_draft.h"

#include <stdlib.h>
#include <string.h>

#include "policy/sources/left_out.h"
#include "policy/sources/reference.h"
#include "proto/text.h"

#define NAME_SIZE_MAX 256 /* bytes of a name that is told */
#define FAULTS_SHOWN  20

/* Where its names are: they move while more is added. */
struct kept {
	struct reference_entry entry; /* views are set when all is there */
	size_t path_at, target_at;
};

struct set_draft {
	struct buf names;
	struct kept *kept;
	size_t count;
	size_t capacity;
	struct left_out left_out;
};

static size_t keep_name(struct set_draft *g, struct view name);
static void place_names(struct set_draft *g);
static int compare_kept(const void *a, const void *b);
static void check_below(const struct set_draft *g, size_t from, size_t link, const char *file,
    struct faults *faults, size_t *bad);
static void add_fault(
    const char *file, struct faults *faults, size_t *bad, struct view path, const char *what);

struct set_draft *
set_draft_new(void)
{
	struct set_draft *g = calloc(1, sizeof(*g));

	if (g == NULL)
		abort();
	g->names = BUF_INIT;
	return g;
}

void
set_draft_free(struct set_draft **g)
{
	if (*g == NULL)
		return;
	left_out_free(&(*g)->left_out);
	buf_free(&(*g)->names);
	free((*g)->kept);
	free(*g);
	*g = NULL;
}

size_t
set_draft_count(const struct set_draft *g)
{
	return g->count;
}

enum err
set_draft_add(
    struct set_draft *g, const struct reference_entry *e, const char *file, struct faults *faults)
{
	const char *wrong = reference_path_check(e->path);
	size_t bad = 0;

	if (wrong == NULL && digest_is_zero(&e->digest))
		wrong = "the digest is all zeros, which stands for what could not be read";
	if (wrong == NULL && g->count == SET_DRAFT_ENTRIES_MAX)
		wrong = "this is one file more than a reference set can have: make several sets";
	if (wrong != NULL) {
		add_fault(file, faults, &bad, e->path, wrong);
		return ERR_CONFIG;
	}
	if (g->count == g->capacity) {
		const size_t capacity = g->capacity == 0 ? 256 : 2 * g->capacity;
		struct kept *grown = realloc(g->kept, capacity * sizeof(*grown));

		if (grown == NULL)
			abort();
		g->kept = grown;
		g->capacity = capacity;
	}
	g->kept[g->count].entry = *e;
	g->kept[g->count].path_at = keep_name(g, e->path);
	g->kept[g->count].target_at = keep_name(g, e->target);
	g->count++;
	return ERR_OK;
}

enum err
set_draft_settle(struct set_draft *g, size_t from, const char *file, struct faults *faults)
{
	size_t bad = 0;

	place_names(g);
	if (g->count > from)
		qsort(g->kept + from, g->count - from, sizeof(*g->kept), compare_kept);
	for (size_t i = from; i < g->count; i++) {
		const struct reference_entry *e = &g->kept[i].entry;

		if (i > from && view_equal(e->path, g->kept[i - 1].entry.path) &&
		    reference_entry_compare(e, &g->kept[i - 1].entry) != 0)
			add_fault(file, faults, &bad, e->path,
			    "stands here twice, with another content, owner or mode");
		if (e->kind == REFERENCE_LINK)
			check_below(g, from, i, file, faults, &bad);
	}
	return bad == 0 ? ERR_OK : ERR_CONFIG;
}

void
set_draft_leave_out(struct set_draft *g, struct view name, const char *why)
{
	left_out_add(&g->left_out, name, why);
}

void
set_draft_tell_left_out(const struct set_draft *g, FILE *to)
{
	left_out_tell(&g->left_out, to);
}

enum err
set_draft_write(
    struct set_draft *g, const char *file, struct faults *faults, struct buf *to, size_t *count)
{
	const size_t begun = to->size;

	*count = 0;
	place_names(g);
	if (g->count > 0)
		qsort(g->kept, g->count, sizeof(*g->kept), compare_kept);
	for (size_t i = 0; i < g->count; i++) {
		if (i > 0 && compare_kept(&g->kept[i - 1], &g->kept[i]) == 0)
			continue;
		reference_entry_append(&g->kept[i].entry, to);
		++*count;
	}
	if (buf_status(to) != ERR_OK)
		abort();
	if (*count > 0 && to->size - begun <= REFERENCE_SIZE_MAX)
		return ERR_OK;
	if (*count == 0)
		faults_add(faults, file, 0,
		    "the reference set would be empty: nothing in the sources is a file with a "
		    "SHA-256");
	else
		faults_add(faults, file, 0,
		    "the reference set would have %zu bytes; at most %d allowed: make several",
		    to->size - begun, REFERENCE_SIZE_MAX);
	return ERR_CONFIG;
}

static size_t
keep_name(struct set_draft *g, struct view name)
{
	const size_t at = g->names.size;

	buf_append_view(&g->names, name);
	if (g->names.failed)
		abort();
	return at;
}

static void
place_names(struct set_draft *g)
{
	for (size_t i = 0; i < g->count; i++) {
		struct kept *k = &g->kept[i];

		k->entry.path.data = g->names.data + k->path_at;
		k->entry.target.data = g->names.data + k->target_at;
	}
}

static int
compare_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return reference_entry_compare(&x->entry, &y->entry);
}

/* What is sorted behind "LINK/" and begins with it. */
static void
check_below(const struct set_draft *g, size_t from, size_t link, const char *file,
    struct faults *faults, size_t *bad)
{
	const struct view path = g->kept[link].entry.path;
	size_t low = from, high = g->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct view other = g->kept[middle].entry.path;
		const size_t common = other.size < path.size ? other.size : path.size;
		int order = memcmp(other.data, path.data, common);

		if (order == 0)
			order = other.size <= path.size ? -1 : (int)other.data[path.size] - '/';
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < g->count && g->kept[low].entry.path.size > path.size &&
	    memcmp(g->kept[low].entry.path.data, path.data, path.size) == 0 &&
	    g->kept[low].entry.path.data[path.size] == '/')
		add_fault(file, faults, bad, g->kept[low].entry.path,
		    "lies below a symbolic link of the same source: it would be measured "
		    "where that leads");
}

static void
add_fault(const char *file, struct faults *faults, size_t *bad, struct view path, const char *what)
{
	struct buf shown = BUF_INIT;

	if ((*bad)++ >= FAULTS_SHOWN)
		return;
	text_append_printable(&shown, path, NAME_SIZE_MAX);
	faults_add(
	    faults, file, 0, "\"%.*s\": %s", (int)shown.size, (const char *)shown.data, what);
	buf_free(&shown);
}
