/*
 * What the commands of hallmark-collector begin with: the configuration, the process that reports
 * beside those that measure, and how they say on stderr what went wrong.
 */
#ifndef HALLMARK_COLLECTOR_COMMAND_H
#define HALLMARK_COLLECTOR_COMMAND_H

#include <stdbool.h>

#include "collector/act/actor.h"
#include "collector/gate/lender.h"
#include "collector/ground/trouble.h"
#include "collector/processes/measurer.h"
#include "collector/tokens/giver.h"
#include "config/collector/collector_config.h"

/* False, with `*config` NULL, where it has faults, which are told. */
bool command_load(const char *path, struct collector_config **config);

/* What a process is for that goes on behind command_begin. */
struct command_ways {
	bool tells_progress;  /* measuring processes say how far they are */
	int *listening;       /* NULL, or: gets the status socket, -1 where none is configured */
	struct giver **giver; /* NULL, or: gets who gives tokens, NULL where none go anywhere */
	struct actor **actor; /* NULL, or: gets who has hooks run, NULL where there are none */
	struct lender *
	    *lender; /* NULL, or: gets who lends gates the connection, NULL where nobody does
		      */
	/* Alters the configuration, each time that it was read; NULL: nothing does. */
	void (*prepare)(void *context, struct collector_config *config);
	void *context;
};

/*
 * Goes on as the process that reports, with another one that measures. What the configuration says
 * is read once more with the rights that are left: so it will be at each reload. False (told);
 * what it has made is to be freed in any case.
 */
bool command_begin(const char *path, const struct command_ways *ways,
    struct collector_config **config, struct measurer **measurer);

/* The workload of this name. NULL (told, with those that there are). */
const struct collector_workload *command_find(
    const struct collector_config *config, const char *name);

/* A line on stderr; `what` it is about. */
void command_trouble(const char *what, const struct trouble *t);

/* Such a line about a kind that is left out; `context` is the struct gathered. */
measure_missing command_missing;

#endif
