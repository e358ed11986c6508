#include "collector/measure/measure_made.h"

#include <stdio.h>

#include "collector/ground/fact_values.h"
#include "collector/subject/procfs.h"

#define PERCENT_SIZE 4 /* bytes with NUL */

static enum err note_texts(
    const char *name, const char *const *texts, size_t count, struct component_builder *to);
static enum err note_views(
    const char *name, const struct fact_values *values, struct component_builder *to);
static void write_options(
    const struct collector_workload *w, enum component_kind kind, struct buf *to);
static void write_choice(
    const struct collector_workload *w, enum component_kind kind, struct buf *to);
static void append_option(struct buf *to, const char *name, const char *value);

enum err
measure_made(
    const struct collector_workload *w, enum component_kind kind, struct component_builder *to)
{
	struct fact_values options = {NULL, 0, 0};
	struct buf text = BUF_INIT;
	struct view rest, one;
	enum err e;

	write_options(w, kind, &text);
	e = buf_status(&text);
	rest = buf_view(&text);
	while (e == ERR_OK && procfs_next_string(&rest, &one))
		e = fact_values_append(&options, one);
	if (e == ERR_OK && kind == COMPONENT_FILES &&
	    (e = note_texts("excludes", w->excludes, w->exclude_count, to)) == ERR_OK &&
	    (e = note_texts("may_change", w->may_change, w->may_change_count, to)) == ERR_OK)
		e = note_texts("may_grow", w->may_grow, w->may_grow_count, to);
	if (e == ERR_OK && options.count > 0)
		e = note_views("options", &options, to);
	if (e == ERR_OK && kind == COMPONENT_FILES)
		e = note_texts("patterns", w->files, w->file_count, to);
	fact_values_free(&options);
	buf_free(&text);
	return e;
}

/* Nothing where there are none. */
static enum err
note_texts(const char *name, const char *const *texts, size_t count, struct component_builder *to)
{
	struct fact_values values = {NULL, 0, 0};
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < count; i++)
		e = fact_values_append(&values, view_of_string(texts[i]));
	if (e == ERR_OK && count > 0)
		e = note_views(name, &values, to);
	fact_values_free(&values);
	return e;
}

static enum err
note_views(const char *name, const struct fact_values *values, struct component_builder *to)
{
	const struct component_fact made = {view_of_string(name), values->count, values->list};

	return component_add_made(to, &made);
}

/* Each with a NUL behind it. */
static void
write_options(const struct collector_workload *w, enum component_kind kind, struct buf *to)
{
	char percent[PERCENT_SIZE];

	if (w->start != NULL && (kind == COMPONENT_EXECUTABLE || kind == COMPONENT_LIBRARIES))
		append_option(to, "start", "");
	else if (kind == COMPONENT_EXECUTABLE || kind == COMPONENT_LIBRARIES ||
		 kind == COMPONENT_RUNTIME)
		write_choice(w, kind, to);
	if (kind == COMPONENT_FILES && w->view == VIEW_PROCESS)
		append_option(to, "root=process", "");
	else if (kind == COMPONENT_FILES && w->view == VIEW_CONTAINER)
		append_option(to, "root=container", "");
	else if (kind == COMPONENT_FILES && w->start != NULL && w->start->image != NULL)
		append_option(to, w->start->image->option, "");
	else if (kind == COMPONENT_FILES && w->host_root_option != NULL)
		append_option(to, w->host_root_option, "");
	if (kind == COMPONENT_FILES && w->follow)
		append_option(to, "follow", "");
	if (kind == COMPONENT_FILES && w->cross_mounts)
		append_option(to, "cross_mounts", "");
	if (component_kind_shape(kind) != COMPONENT_SHAPE_FILE)
		return;
	if (kind == COMPONENT_FILES && w->scripts)
		append_option(to, "scripts", "");
	(void)snprintf(percent, sizeof(percent), "%u", w->budgets.reread_percent % 1000);
	append_option(to, "reread_percent=", percent);
}

static void
write_choice(const struct collector_workload *w, enum component_kind kind, struct buf *to)
{
	if (w->main_only)
		append_option(to, "main_only", "");
	if (w->user != NULL)
		append_option(to, "user=", w->user);
	for (size_t i = 0; i < w->argument_count; i++)
		append_option(to, "argument=", w->arguments[i]);
	for (size_t i = 0; kind == COMPONENT_RUNTIME && i < w->environment_count; i++)
		append_option(to, "environment=", w->environment[i]);
}

static void
append_option(struct buf *to, const char *name, const char *value)
{
	buf_append_string(to, name);
	buf_append_string(to, value);
	buf_append_byte(to, '\0');
}
