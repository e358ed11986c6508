#include "collector/runtime/program_counts.h"

#include <stdlib.h>

#include "collector/ground/fact_values.h"
#include "collector/runtime/count_class.h"

static int compare(const void *a, const void *b);

enum err
program_counts_note(struct program_counts *c, struct view name)
{
	struct program_count *grown;

	for (size_t i = 0; i < c->count; i++)
		if (view_equal(buf_view(&c->list[i].name), name)) {
			c->list[i].processes++;
			return ERR_OK;
		}
	if ((grown = reallocarray(c->list, c->count + 1, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	c->list = grown;
	grown = &c->list[c->count++];
	*grown = (struct program_count){BUF_INIT, 1};
	buf_append_view(&grown->name, name);
	return buf_status(&grown->name);
}

enum err
program_counts_add(struct program_counts *c, struct component_builder *to)
{
	struct fact_values v = {NULL, 0, 0};
	struct buf text = BUF_INIT;
	size_t offset = 0;
	enum err e;

	if (c->count > 0)
		qsort(c->list, c->count, sizeof(*c->list), compare);
	for (size_t i = 0; i < c->count; i++) {
		buf_append_format(&text, "%s ", count_class(c->list[i].processes));
		buf_append_view(&text, buf_view(&c->list[i].name));
		buf_append_byte(&text, '\0');
	}
	e = buf_status(&text);
	/* The buffer has moved until now. */
	for (size_t i = 0; e == ERR_OK && i < c->count; i++) {
		const struct view value = view_of_string((const char *)text.data + offset);

		e = fact_values_append(&v, value);
		offset += value.size + 1;
	}
	if (e == ERR_OK)
		e = fact_values_add(&v, "processes", to);
	fact_values_free(&v);
	buf_free(&text);
	return e;
}

void
program_counts_free(struct program_counts *c)
{
	for (size_t i = 0; i < c->count; i++)
		buf_free(&c->list[i].name);
	free(c->list);
	c->list = NULL;
	c->count = 0;
}

static int
compare(const void *a, const void *b)
{
	return view_compare(buf_view(&((const struct program_count *)a)->name),
	    buf_view(&((const struct program_count *)b)->name));
}
