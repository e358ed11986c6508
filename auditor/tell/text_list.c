#include "auditor/tell/text_list.h"

#include <stdlib.h>

static struct view *views_of(const struct text_list *l);

void
text_list_end(struct text_list *l)
{
	if (l->count == l->room) {
		const size_t room = l->room == 0 ? 16 : 2 * l->room;
		size_t *end = reallocarray(l->end, room, sizeof(*end));

		if (end == NULL) {
			l->words.failed = true;
			return;
		}
		l->end = end;
		l->room = room;
	}
	l->end[l->count++] = l->words.size;
}

enum err
text_list_difference(
    const struct text_list *a, const struct text_list *b, struct value_difference *out)
{
	struct view *x = views_of(a), *y = views_of(b);
	const struct component_fact first = {.value_count = a->count, .values = x};
	const struct component_fact second = {.value_count = b->count, .values = y};
	enum err e = x != NULL && y != NULL ? ERR_OK : ERR_MEMORY;

	*out = (struct value_difference){.count = {0, 0}};
	if (e == ERR_OK)
		e = value_difference_make(&first, &second, out);
	free(x);
	free(y);
	return e;
}

void
text_list_free(struct text_list *l)
{
	buf_free(&l->words);
	free(l->end);
}

/* NULL for want of memory, also while it was made. */
static struct view *
views_of(const struct text_list *l)
{
	struct view *list =
	    buf_status(&l->words) == ERR_OK ? calloc(l->count + 1, sizeof(*list)) : NULL;
	size_t begun = 0;

	for (size_t i = 0; list != NULL && i < l->count; i++) {
		list[i] = (struct view){l->words.data + begun, l->end[i] - begun};
		begun = l->end[i];
	}
	return list;
}
