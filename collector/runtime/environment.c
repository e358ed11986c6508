#include "collector/runtime/environment.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ground/fact_values.h"
#include "collector/subject/procfs.h"

/* Before that many bytes have come, sorting them costs more than it saves. */
#define TIDY_SIZE_MIN ((size_t)(64 * 1024))

static bool is_wanted(const struct environment *e, struct view string);
static enum err tidy(struct environment *e);
static enum err append_all(struct view strings, struct fact_values *v);
static void sort(struct fact_values *v);
static int compare(const void *a, const void *b);
static void wipe(struct buf *b);

enum err
environment_note(struct environment *e, struct view bytes, bool is_main)
{
	struct buf *to = is_main ? &e->main : &e->others;
	enum err error = ERR_OK;
	struct view string;

	while (error == ERR_OK && procfs_next_string(&bytes, &string)) {
		if (!is_wanted(e, string))
			continue;
		buf_append_view(to, string);
		buf_append_byte(to, '\0');
		if (!is_main && to->size >= TIDY_SIZE_MIN && to->size / 2 >= e->tidy_size)
			error = tidy(e);
	}
	return error == ERR_OK ? buf_status(to) : error;
}

enum err
environment_add(struct environment *e, struct component_builder *to)
{
	struct fact_values all = {NULL, 0, 0}, own = {NULL, 0, 0}, others = {NULL, 0, 0};
	enum err error = tidy(e);

	if (error == ERR_OK && (error = append_all(buf_view(&e->main), &all)) == ERR_OK &&
	    (error = append_all(buf_view(&e->main), &own)) == ERR_OK)
		error = append_all(buf_view(&e->others), &others);
	sort(&own);
	for (size_t i = 0; error == ERR_OK && i < others.count; i++)
		if (own.count == 0 || bsearch(&others.list[i], own.list, own.count,
					  sizeof(*own.list), compare) == NULL)
			error = fact_values_append(&all, others.list[i]);
	if (error == ERR_OK)
		error = fact_values_add(&all, "environment", to);
	fact_values_free(&all);
	fact_values_free(&own);
	fact_values_free(&others);
	return error;
}

void
environment_free(struct environment *e)
{
	wipe(&e->main);
	wipe(&e->others);
}

static bool
is_wanted(const struct environment *e, struct view string)
{
	for (size_t i = 0; i < e->name_count; i++) {
		const size_t size = strlen(e->names[i]);

		if (string.size > size && memcmp(string.data, e->names[i], size) == 0 &&
		    string.data[size] == '=')
			return true;
	}
	return false;
}

/* Sorts what the others have, and keeps each once. */
static enum err
tidy(struct environment *e)
{
	struct fact_values v = {NULL, 0, 0};
	struct buf kept = BUF_INIT;
	enum err error = append_all(buf_view(&e->others), &v);

	sort(&v);
	for (size_t i = 0; error == ERR_OK && i < v.count; i++) {
		if (i > 0 && view_equal(v.list[i], v.list[i - 1]))
			continue;
		buf_append_view(&kept, v.list[i]);
		buf_append_byte(&kept, '\0');
	}
	fact_values_free(&v);
	if (error == ERR_OK)
		error = buf_status(&kept);
	if (error != ERR_OK) {
		wipe(&kept);
		return error;
	}
	wipe(&e->others);
	e->others = kept; /* moved */
	e->tidy_size = kept.size;
	return ERR_OK;
}

static enum err
append_all(struct view strings, struct fact_values *v)
{
	struct view string;
	enum err e = ERR_OK;

	while (e == ERR_OK && procfs_next_string(&strings, &string))
		e = fact_values_append(v, string);
	return e;
}

static void
sort(struct fact_values *v)
{
	if (v->count > 1)
		qsort(v->list, v->count, sizeof(*v->list), compare);
}

static int
compare(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

static void
wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->capacity);
	buf_free(b);
}
