/*
 * The process that starts the programs of hooks ("hallmark-hooks"), and one for each that runs.
 *
 * It is apart from the one that reads receipts, because that one is confined to reading, and a
 * program would inherit it. This one has no capabilities, holds no key and no connection, hears
 * nobody but that one, and of what it hears it looks at numbers alone: which program is started
 * stands in the configuration, which it reads itself.
 *
 * Of each program one process of ours is the subreaper: whatever the program has started, and
 * however that left its group or session, is its descendant and is ended with it, when the program
 * ends, when its time is over, or when who reads receipts is gone.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HOOK_RUNNER_H
#define HALLMARK_COLLECTOR_ACT_HOOK_RUNNER_H

#include <stdint.h>

#include "collector/act/hook_keeper.h"
#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/digest.h"
#include "proto/err.h"

#define HOOK_INPUT_MAX (64 * 1024) /* bytes of JSON: 16 findings of 3 KB at most, escaped */

/* Runs at once, of all workloads: hooks are few and short. */
#define HOOK_RUNS_MAX 16

/* A program is to be run; behind it stands its input. */
struct hook_order {
	struct digest configuration; /* in which the numbers stand */
	uint32_t workload, hook;
	uint64_t number; /* of the run */
};

/*
 * Makes the process (apart_fork). *control gets the socket for orders, with borders. ERR_IO with
 * the trouble.
 */
enum err hook_runner_begin(
    const char *path, struct collector_config *config, int *control, struct trouble *t) MUST_USE;

#endif
