/*
 * What goes between the process that reports and the one that acts (collector/hooks/actor.h), over
 * a socket with borders: both ends are one program.
 */
#ifndef HALLMARK_COLLECTOR_HOOKS_ACTOR_CHANNEL_H
#define HALLMARK_COLLECTOR_HOOKS_ACTOR_CHANNEL_H

#include <limits.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/hooks/hook_runner.h"
#include "proto/evidence/bundle.h"

enum actor_what { ACTOR_RECEIPT = 1, ACTOR_RELOAD = 2 };

struct actor_order {
	uint32_t what;
	char workload[BUNDLE_WORKLOAD_MAX + 1]; /* with NUL */
	char file[NAME_MAX + 1];                /* with NUL; a name in the receipts' directory */
};

/* What has come of it since the start. */
struct actor_counts {
	uint64_t refused_receipts;           /* that were not believed */
	uint64_t runs;                       /* that have ended, in whatever way */
	uint64_t failed;                     /* of these: not with exit status 0 */
	uint64_t overdue, not_started, lost; /* of these */
	uint64_t left;                       /* processes that could not be ended */
};

/* What was done, where `hook` is not empty; else what went wrong. */
struct actor_news {
	uint32_t code; /* enum err */
	struct trouble why;
	struct actor_counts counts;
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	char hook[BUNDLE_ACTION_NAME_MAX + 1];
	uint32_t verdict; /* enum bundle_verdict */
	uint64_t result;
	uint32_t left, output_size;
	uint8_t output[HOOK_OUTPUT_MAX];
};

#endif
