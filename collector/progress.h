/*
 * How far measurements are, for whoever waits for them at a terminal: one line on stderr that is
 * written over, and gone when they have ended. Nothing where stderr is no terminal.
 *
 * The numbers are what measuring processes say of themselves (collector/processes/exchange.h).
 */
#ifndef HALLMARK_COLLECTOR_PROGRESS_H
#define HALLMARK_COLLECTOR_PROGRESS_H

#include <stdbool.h>

#include "collector/processes/measurer.h"
#include "config/collector/collector_config.h"

#define PROGRESS_LOOK_MS 1000 /* the longest wait between two looks, while some are measured */

struct progress {
	unsigned width; /* columns that a line may have; 0: nothing is shown */
	bool shown;
};

/* Before the process gives up its rights: it asks the terminal how wide it is. */
struct progress progress_on_terminal(void);

/* Whoever is being measured and has said how far it is. */
void progress_show(
    struct progress *p, const struct measurer *m, const struct collector_config *config);

/* Before something else is written. */
void progress_clear(struct progress *p);

#endif
