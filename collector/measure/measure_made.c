#include "collector/measure/measure_made.h"

#include "collector/ground/fact_values.h"
#include "collector/subject/procfs.h"

static enum err set_options(
    const struct collector_workload *w, enum component_kind kind, struct component_builder *to);
static void append_option(struct buf *to, const char *name, const char *value);
static enum err set_files(const struct collector_workload *w, struct component_builder *to);

enum err
measure_made(
    const struct collector_workload *w, enum component_kind kind, struct component_builder *to)
{
	if (kind == COMPONENT_FILES)
		return set_files(w, to);
	if (kind == COMPONENT_EXECUTABLE || kind == COMPONENT_LIBRARIES ||
	    kind == COMPONENT_RUNTIME)
		return set_options(w, kind, to);
	return ERR_OK;
}

static enum err
set_files(const struct collector_workload *w, struct component_builder *to)
{
	const char *option = w->view == VIEW_PROCESS ? "root=process" : w->host_root_option;
	const struct view value = view_of_string(option != NULL ? option : "");
	struct fact_values patterns = {NULL, 0, 0};
	struct component_fact made[2];
	size_t count = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < w->file_count; i++)
		e = fact_values_append(&patterns, view_of_string(w->files[i]));
	if (option != NULL)
		made[count++] = (struct component_fact){VIEW_LITERAL("options"), 1, &value};
	made[count++] =
	    (struct component_fact){VIEW_LITERAL("patterns"), patterns.count, patterns.list};
	if (e == ERR_OK)
		e = component_set_made(to, made, count);
	fact_values_free(&patterns);
	return e;
}

static enum err
set_options(
    const struct collector_workload *w, enum component_kind kind, struct component_builder *to)
{
	struct fact_values options = {NULL, 0, 0};
	struct component_fact made = {.name = VIEW_LITERAL("options")};
	struct buf text = BUF_INIT;
	struct view rest, one;
	enum err e;

	if (w->main_only)
		append_option(&text, "main_only", "");
	if (w->user != NULL)
		append_option(&text, "user=", w->user);
	for (size_t i = 0; i < w->argument_count; i++)
		append_option(&text, "argument=", w->arguments[i]);
	for (size_t i = 0; kind == COMPONENT_RUNTIME && i < w->environment_count; i++)
		append_option(&text, "environment=", w->environment[i]);
	/* The buffer has moved until now. */
	e = buf_status(&text);
	rest = buf_view(&text);
	while (e == ERR_OK && procfs_next_string(&rest, &one))
		e = fact_values_append(&options, one);
	made.value_count = options.count;
	made.values = options.list;
	if (e == ERR_OK && options.count > 0)
		e = component_set_made(to, &made, 1);
	fact_values_free(&options);
	buf_free(&text);
	return e;
}

static void
append_option(struct buf *to, const char *name, const char *value)
{
	buf_append_string(to, name);
	buf_append_string(to, value);
	buf_append_byte(to, '\0');
}
