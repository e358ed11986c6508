/*
 * `hallmark-collector measure`: one workload is measured as in a round, by a process with its
 * budgets, and what it said is shown.
 */
#include <stdio.h>

#include "collector/commands.h"

#include "collector/command.h"
#include "collector/ground/interrupt.h"
#include "collector/measure/gathered.h"
#include "collector/measure/listing.h"
#include "collector/measure/measure.h"
#include "collector/progress.h"
#include "collector/unmatched.h"

static enum err measure(struct measurer *measurer, const struct collector_config *config,
    const struct collector_workload *w, struct progress *progress, struct gathered *g,
    struct measurement *m, struct trouble *t);
static unmatched_line print_unmatched;
static enum err print_listing(const struct collector_workload *w, const struct gathered *g,
    const struct measurement *m, bool json);

int
command_measure(const char *path, const char *workload, bool json)
{
	struct progress progress = progress_on_terminal();
	const struct command_ways ways = {.tells_progress = progress.width > 0};
	struct gathered g = {.workload = workload};
	const struct collector_workload *w;
	struct collector_config *config;
	struct trouble t = TROUBLE_INIT;
	struct measurer *measurer;
	struct measurement m;
	enum err e = ERR_CONFIG;

	if (command_begin(path, &ways, &config, &measurer) &&
	    (w = command_find(config, workload)) != NULL) {
		if ((e = measure(measurer, config, w, &progress, &g, &m, &t)) != ERR_OK) {
			if (t.text[0] == '\0')
				(void)trouble_set(&t, e, "%s", err_text(e));
			command_trouble(workload, &t);
		} else if ((e = print_listing(w, &g, &m, json)) != ERR_OK) {
			(void)fprintf(stderr, "hallmark-collector: %s\n", err_text(e));
		}
	}
	gathered_free(&g);
	measurer_free(&measurer);
	collector_config_free(&config);
	return e == ERR_OK ? 0 : 1;
}

static enum err
measure(struct measurer *measurer, const struct collector_config *config,
    const struct collector_workload *w, struct progress *progress, struct gathered *g,
    struct measurement *m, struct trouble *t)
{
	const struct measure_output output = {
	    gathered_take, gathered_take_segment, command_missing, g};
	const size_t number = (size_t)(w - config->workloads);
	enum err e;

	if ((e = measure_check(w, t)) == ERR_OK)
		e = measurer_begin(measurer, config, number, &output);
	while (e == ERR_OK && !measurer_has_answer(measurer, number)) {
		(void)measurer_listen(measurer, NULL, PROGRESS_LOOK_MS, INTERRUPT_STOP);
		progress_show(progress, measurer, config);
		if (interrupt_stop())
			e = trouble_set(t, ERR_CLOSED, "it was asked to stop");
	}
	progress_clear(progress);
	return e == ERR_OK ? measurer_take(measurer, number, m, t) : e;
}

static void
print_unmatched(const void *context, const struct trouble *t)
{
	command_trouble(context, t);
}

static enum err
print_listing(const struct collector_workload *w, const struct gathered *g,
    const struct measurement *m, bool json)
{
	struct component *components[COMPONENT_KIND_COUNT] = {NULL};
	struct listing l = {.workload = g->workload, .measurement = m};
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	for (unsigned kind = 0; e == ERR_OK && kind < COMPONENT_KIND_COUNT; kind++) {
		if (!m->component[kind].present)
			continue;
		e = gathered_component(g, (enum component_kind)kind, &components[kind]);
		l.component[kind] = components[kind];
	}
	if (e == ERR_OK) {
		if (json)
			listing_json(&l, &text);
		else
			listing_text(&l, &text);
		e = buf_status(&text);
	}
	if (e == ERR_OK &&
	    (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0))
		e = ERR_IO;
	if (e == ERR_OK)
		unmatched_tell(w, l.component, print_unmatched, w->name);
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		component_free(&components[kind]);
	buf_free(&text);
	return e;
}
