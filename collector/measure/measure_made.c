#include "collector/measure/measure_made.h"

#include <string.h>

#include "collector/ground/fact_values.h"

#define OPTION "environment="

static enum err set_environment(const struct collector_workload *w, struct component_builder *to);
static enum err set_files(const struct collector_workload *w, struct component_builder *to);

enum err
measure_made(
    const struct collector_workload *w, enum component_kind kind, struct component_builder *to)
{
	if (kind == COMPONENT_FILES)
		return set_files(w, to);
	if (kind == COMPONENT_RUNTIME && w->environment_count > 0)
		return set_environment(w, to);
	return ERR_OK;
}

static enum err
set_files(const struct collector_workload *w, struct component_builder *to)
{
	const struct view root = VIEW_LITERAL("root=process");
	struct fact_values patterns = {NULL, 0, 0};
	struct component_fact made[2];
	size_t count = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < w->file_count; i++)
		e = fact_values_append(&patterns, view_of_string(w->files[i]));
	if (w->view == VIEW_PROCESS)
		made[count++] = (struct component_fact){VIEW_LITERAL("options"), 1, &root};
	made[count++] =
	    (struct component_fact){VIEW_LITERAL("patterns"), patterns.count, patterns.list};
	if (e == ERR_OK)
		e = component_set_made(to, made, count);
	fact_values_free(&patterns);
	return e;
}

/* Each name with OPTION before it. */
static enum err
set_environment(const struct collector_workload *w, struct component_builder *to)
{
	struct fact_values options = {NULL, 0, 0};
	struct component_fact made = {.name = VIEW_LITERAL("options")};
	struct buf text = BUF_INIT;
	size_t offset = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->environment_count; i++) {
		buf_append_string(&text, OPTION);
		buf_append_string(&text, w->environment[i]);
	}
	/* The buffer has moved until now. */
	e = buf_status(&text);
	for (size_t i = 0; e == ERR_OK && i < w->environment_count; i++) {
		const size_t size = strlen(OPTION) + strlen(w->environment[i]);

		e = fact_values_append(&options, (struct view){text.data + offset, size});
		offset += size;
	}
	made.value_count = options.count;
	made.values = options.list;
	if (e == ERR_OK)
		e = component_set_made(to, &made, 1);
	fact_values_free(&options);
	buf_free(&text);
	return e;
}
