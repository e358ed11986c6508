/*
 * A measuring process: measures one workload once, says what it found (collector/processes/
 * exchange.h) and ends. It parses what the host's processes and files say, and holds nothing but
 * the configuration: no key, no network, no state. What it may read and how much memory it may
 * have, its workload's budgets say; the time is looked after by whoever listens to it.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_MEASURING_H
#define HALLMARK_COLLECTOR_PROCESSES_MEASURING_H

#include <stdbool.h>

#include "collector/files/filehash.h"
#include "collector/processes/filter.h"
#include "config/collector/collector_config.h"

/* What it cannot make itself, made for it alone; each -1 where there is none. */
struct measuring_given {
	int instance;  /* for watches on what is read, */
	bool watches;  /* which are wanted */
	int listeners; /* to ask what listens by (collector/machine/listeners.h) */
	int pages;     /* by which the workload's pages come (collector/processes/pages.h) */
	bool tells;    /* it is to say how far it is */
	const struct filter_made *filter; /* borrowed; NULL: it makes its own */
};

/*
 * Gives up its rights, measures, and writes the answer. What was read before is in `known`; NULL:
 * nothing was. Returns the exit status of the process: 0
 * where the answer has been heard, also one that says why there is no measurement; else 1.
 */
int measuring_run(int channel, const struct measuring_given *given,
    const struct collector_workload *w, struct filehash *hash, struct known_files *known);

#endif
