#include "collector/measure/measure_made.h"

#include <stdlib.h>

#define OPTION "environment="

static enum err set(struct component_builder *to, const char *name, const char *before,
    const char *const *list, size_t count);

enum err
measure_made(
    const struct collector_workload *w, enum component_kind kind, struct component_builder *to)
{
	if (kind == COMPONENT_FILES)
		return set(to, "patterns", "", w->files, w->file_count);
	if (kind == COMPONENT_RUNTIME)
		return set(to, "options", OPTION, w->environment, w->environment_count);
	return ERR_OK;
}

/* Each of the list with `before` before it; nothing at all for an empty one. */
static enum err
set(struct component_builder *to, const char *name, const char *before, const char *const *list,
    size_t count)
{
	struct component_fact made = {.name = view_of_string(name), .value_count = count};
	struct buf text = BUF_INIT;
	struct view *values;
	size_t offset = 0;
	enum err e;

	if (count == 0)
		return ERR_OK;
	if ((values = calloc(count, sizeof(*values))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		values[i].size = text.size;
		buf_append_string(&text, before);
		buf_append_string(&text, list[i]);
		values[i].size = text.size - values[i].size;
	}
	/* The buffer has moved until now. */
	for (size_t i = 0; i < count && !text.failed; i++) {
		values[i].data = text.data + offset;
		offset += values[i].size;
	}
	made.values = values;
	if ((e = buf_status(&text)) == ERR_OK)
		e = component_set_made(to, &made, 1);
	buf_free(&text);
	free(values);
	return e;
}
