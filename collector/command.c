#include "collector/command.h"

#include <stdio.h>
#include <string.h>

#include "collector/measure/gathered.h"
#include "collector/processes/landlock.h"
#include "collector/processes/rights.h"
#include "collector/processes/starter.h"
#include "collector/tell/answering.h"
#include "journal/logger.h"
#include "proto/text.h"

static bool load_prepared(
    const char *path, const struct command_ways *ways, struct collector_config **config);

bool
command_load(const char *path, struct collector_config **config)
{
	struct faults faults = FAULTS_INIT;
	enum err e = collector_config_load(path, &faults, config);

	if (e != ERR_OK)
		faults_print(&faults, stderr);
	faults_free(&faults);
	return e == ERR_OK;
}

static bool
load_prepared(const char *path, const struct command_ways *ways, struct collector_config **config)
{
	if (!command_load(path, config))
		return false;
	if (ways->prepare != NULL)
		ways->prepare(ways->context, *config);
	return true;
}

bool
command_begin(const char *path, const struct command_ways *ways, struct collector_config **config,
    struct measurer **measurer)
{
	const bool confined = landlock_is_there();
	struct trouble t = TROUBLE_INIT;
	int control;
	enum err e;

	*measurer = NULL;
	if (!load_prepared(path, ways, config))
		return false;
	if ((e = starter_begin(path, *config, ways->tells_progress, &control, &t)) == ERR_OK &&
	    (ways->giver == NULL || (e = giver_begin(path, *config, ways->giver, &t)) == ERR_OK) &&
	    (ways->actor == NULL || (e = actor_begin(path, *config, ways->actor, &t)) == ERR_OK) &&
	    (e = measurer_new(control, measurer)) == ERR_OK &&
	    (ways->listening == NULL || (*config)->status_socket == NULL ||
		(e = answering_listen((*config)->status_socket, ways->listening, &t)) == ERR_OK) &&
	    (ways->lender == NULL || (e = lender_begin(path, *config, ways->lender, &t)) == ERR_OK))
		e = rights_report(path, *config, &t);
	if (e != ERR_OK) {
		command_trouble(t.text[0] != '\0' ? "cannot begin" : err_text(e), &t);
		return false;
	}
	collector_config_free(config);
	if (!load_prepared(path, ways, config))
		return false;
	logger_configure(&(*config)->logging);
	if (!confined)
		logger_say(LOGGER_NOTICE, "no-landlock",
		    "this kernel has no Landlock, or does not let it be used: the process that "
		    "reports reads and writes what its user may");
	return true;
}

const struct collector_workload *
command_find(const struct collector_config *config, const char *name)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (strcmp(config->workloads[i].name, name) == 0)
			return &config->workloads[i];
	(void)fprintf(stderr, "hallmark-collector: no workload of this name; there are:");
	for (size_t i = 0; i < config->workload_count; i++)
		(void)fprintf(stderr, " %s", config->workloads[i].name);
	(void)fprintf(stderr, "\n");
	return NULL;
}

void
command_trouble(const char *what, const struct trouble *t)
{
	struct buf text = BUF_INIT;

	text_append_printable(&text, view_of_string(t->text), SIZE_MAX);
	(void)fprintf(stderr, "hallmark-collector: %s: %.*s\n", what, (int)text.size,
	    text.size > 0 ? (const char *)text.data : "");
	buf_free(&text);
}

void
command_missing(void *context, enum component_kind kind, enum err e, const struct trouble *t)
{
	struct trouble told;

	(void)trouble_set(&told, e, "%s is left out: %s", component_kind_name(kind),
	    t->text[0] != '\0' ? t->text : err_text(e));
	command_trouble(((struct gathered *)context)->workload, &told);
}
