/*
 * Which act is done and undone, and when: by what is known of a workload's verdict, by the grants
 * that lie there, and by what is remembered.
 *
 *   falls, no grant        nothing is done, which is said once for the fall, loudly
 *   falls, granted         remembered, then done (act_memory.h has the order)
 *   affirming again        what can be undone is undone, and no grant of before serves any more
 *   break-glass in force   the same, and nothing is done while it is
 *   the limit is reached   nothing is done before some of the interval is over, whatever is granted
 *   left out on a reload   what is held is undone
 *   the service stops      all stays as it is: whoever ends it ends no act
 *
 * What is isolated is so again with each receipt of the fall, for a control group that is made
 * anew is another one. What was frozen and started anew runs: an act is done once for a grant.
 */
#ifndef HALLMARK_COLLECTOR_ACT_ACTS_H
#define HALLMARK_COLLECTOR_ACT_ACTS_H

#include <stdint.h>

#include "collector/act/act_memory.h"
#include "collector/act/actor_channel.h"
#include "collector/act/grant_box.h"
#include "collector/act/hook_state.h"
#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

/* The directory of grants is looked at so often. */
#define ACTS_LOOK_MS 500

/* What could not be undone is tried again so much later. */
#define ACTS_REST_MS 10000

/* Orders that are not answered; more wait. */
#define ACTS_ORDERS_MAX 64

/* The counts in the news are not set. */
typedef void acts_tell(void *context, const struct actor_news *news);

struct act_order {
	uint64_t number; /* 0: none */
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	enum statement_act act;
	enum bundle_verdict verdict;
	bool undo;
	bool again; /* it is held already */
};

struct acts {
	const struct collector_config *config; /* borrowed */
	const char *collector;                 /* identity; borrowed */
	int hands;                             /* the socket; -1: nobody acts */
	int grants;                            /* directory; -1: there is none */
	char *memory_directory;
	bool is_on; /* there are acts, and they can be remembered */
	struct grant_keys keys;
	struct grant_box box;
	struct act_memory memory;
	uint64_t look_ms; /* when it is next */
	struct act_order order[ACTS_ORDERS_MAX];
	uint64_t orders; /* so far */
	struct actor_counts *counts;
	acts_tell *tell;
	void *context;
};

/*
 * With another configuration: grants are judged anew. What must not be gone on with is told, and
 * nothing is done about verdicts then. ERR_CONFIG, ERR_MEMORY with the trouble: all stays.
 */
enum err acts_use(struct acts *a, const struct collector_config *config, const char *collector,
    struct trouble *t) MUST_USE;

/* A receipt of the workload was believed. */
void acts_hear(struct acts *a, const struct hook_workload *w);

/* Looks, decides and orders; `now_ms` by interrupt_clock_ms, `now_s` since 1970. */
void acts_turn(struct acts *a, const struct hook_state *s, uint64_t now_ms, uint64_t now_s);

/* Hands have answered. */
void acts_take_done(struct acts *a, uint64_t now_ms);

/* When it is its turn again; UINT64_MAX: never by itself. */
uint64_t acts_due_ms(const struct acts *a);

#endif
