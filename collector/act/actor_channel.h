/*
 * What goes between the process that reports and the one that acts (collector/act/actor.h), over
 * a socket with borders: both ends are one program.
 */
#ifndef HALLMARK_COLLECTOR_ACT_ACTOR_CHANNEL_H
#define HALLMARK_COLLECTOR_ACT_ACTOR_CHANNEL_H

#include <limits.h>
#include <stdint.h>

#include "collector/act/hook_runner.h"
#include "collector/ground/trouble.h"
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
	/* Of acts: what is so now, and since the start. */
	uint64_t acts_waiting, acts_held, acts_suspended, acts_off;
	uint64_t acts_done, acts_undone, acts_failed, refused_grants;
};

/* X(identifier, event in the log, its level where nothing failed): what is told. */
#define ACTOR_EVENT_MAP(X)                                                                         \
	X(ACTOR_COUNTS, "", DEBUG)           /* that they have changed */                          \
	X(ACTOR_TROUBLE, "hooks", ERROR)     /* what went wrong */                                 \
	X(ACTOR_RAN, "hook", INFO)           /* a program, and how it ended */                     \
	X(ACTOR_ACTED, "act", WARNING)       /* `name`: the act, or its end; whether it failed */  \
	X(ACTOR_WAITS, "act-waits", ERROR)   /* nothing is done, for nobody has granted it */      \
	X(ACTOR_LIMITED, "act-limit", ERROR) /* or for too much was done */                        \
	X(ACTOR_REFUSED, "act-refused", WARNING)   /* `name`: a file in the directory of grants */ \
	X(ACTOR_SUSPENDED, "act-suspended", ERROR) /* a break-glass is in force for it */          \
	X(ACTOR_RESUMED, "act-resumed", NOTICE)    /* and none is any more */                      \
	X(ACTOR_OFF, "act-off", ERROR)             /* nothing is done: it cannot be remembered */

#define ACTOR_EVENT_ENUM(identifier, event, level) identifier,
enum actor_event { ACTOR_EVENT_MAP(ACTOR_EVENT_ENUM) ACTOR_EVENT_COUNT };
#undef ACTOR_EVENT_ENUM

struct actor_news {
	uint32_t event; /* enum actor_event */
	uint32_t code;  /* enum err */
	struct trouble why;
	struct actor_counts counts;
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	char name[NAME_MAX + 1]; /* of a hook or an act; of a file */
	uint32_t verdict;        /* enum bundle_verdict */
	uint64_t result;
	struct digest granted; /* by this statement; zero: by none */
	struct digest report;  /* the first of the fall */
	uint32_t left, output_size;
	uint8_t output[HOOK_OUTPUT_MAX];
};

#endif
