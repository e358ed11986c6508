#include "collector/ground/values.h"

#include <stdlib.h>
#include <string.h>

static size_t drop_twice(struct view *values, size_t count);
static int compare_views(const void *a, const void *b);

void
values_end(struct values *v)
{
	buf_append(&v->ends, &v->text.size, sizeof(v->text.size));
	v->count++;
}

void
values_add(struct values *v, struct view value)
{
	buf_append_view(&v->text, value);
	values_end(v);
}

struct view *
values_views(const struct values *v)
{
	size_t begin = 0, end;
	struct view *views;

	if (buf_status(&v->text) != ERR_OK || buf_status(&v->ends) != ERR_OK ||
	    (views = calloc(v->count + 1, sizeof(*views))) == NULL)
		return NULL;
	for (size_t i = 0; i < v->count; i++) {
		memcpy(&end, v->ends.data + i * sizeof(end), sizeof(end));
		if (end > begin)
			views[i] = (struct view){v->text.data + begin, end - begin};
		begin = end;
	}
	return views;
}

enum err
values_finish(
    struct values *v, enum values_order order, const char *name, struct component_builder *to)
{
	struct component_fact fact = {view_of_string(name), v->count, NULL};
	struct view *views = values_views(v);
	enum err e;

	if (views == NULL)
		return ERR_MEMORY;
	if (order != VALUES_KEPT)
		qsort(views, v->count, sizeof(*views), compare_views);
	if (order == VALUES_DISTINCT)
		fact.value_count = drop_twice(views, v->count);
	fact.values = views;
	e = component_add_fact(to, &fact);
	free(views);
	return e;
}

void
values_free(struct values *v)
{
	buf_free(&v->text);
	buf_free(&v->ends);
	*v = VALUES_INIT;
}

static size_t
drop_twice(struct view *values, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (i == 0 || !view_equal(values[i], values[kept - 1]))
			values[kept++] = values[i];
	return kept;
}

static int
compare_views(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}
