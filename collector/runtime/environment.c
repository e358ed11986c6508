#include "collector/runtime/environment.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ground/fact_values.h"
#include "collector/subject/procfs.h"

static bool is_wanted(const struct environment *e, struct view string);
static bool is_there(struct view strings, struct view string);
static enum err append_all(struct view strings, struct fact_values *v);
static int compare(const void *a, const void *b);
static void wipe(struct buf *b);

enum err
environment_note(struct environment *e, struct view bytes, bool is_main)
{
	struct buf *to = is_main ? &e->main : &e->others;
	struct view string;

	while (procfs_next_string(&bytes, &string)) {
		if (!is_wanted(e, string) ||
		    (!is_main && (is_there(buf_view(&e->main), string) ||
				     is_there(buf_view(&e->others), string))))
			continue;
		buf_append_view(to, string);
		buf_append_byte(to, '\0');
	}
	return buf_status(to);
}

enum err
environment_add(const struct environment *e, struct component_builder *to)
{
	struct fact_values v = {NULL, 0, 0};
	enum err error = append_all(buf_view(&e->main), &v);
	const size_t own = v.count;

	if (error == ERR_OK)
		error = append_all(buf_view(&e->others), &v);
	if (error == ERR_OK && v.count > own)
		qsort(v.list + own, v.count - own, sizeof(*v.list), compare);
	if (error == ERR_OK)
		error = fact_values_add(&v, "environment", to);
	fact_values_free(&v);
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

static bool
is_there(struct view strings, struct view string)
{
	struct view one;

	while (procfs_next_string(&strings, &one))
		if (view_equal(one, string))
			return true;
	return false;
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
