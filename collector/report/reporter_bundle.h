/*
 * From a measurement to a bundle in the chain: what each bundle says of its collector and promises,
 * and its signature where the last one is old enough.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_BUNDLE_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_BUNDLE_H

#include "collector/report/reporter_state.h"

/* The longest from one round to the next, in whole seconds, without what measuring takes. */
uint64_t reporter_promise_s(const struct collector_config *config);

/*
 * Digests the executable that runs. Where it cannot be read (told), bundles go without: nothing
 * depends on it but what they say.
 */
void reporter_identify_program(struct reporter *r);

/*
 * Begins to measure a workload that is not being measured: with the session's nonce and what it was
 * challenged with until now, if there is a session. False (told): there is no memory.
 */
bool reporter_begin(struct reporter *r, struct reporter_workload *w);

/*
 * Waits for that, or measures a workload now, stores its components, and puts that into the chain:
 * with the nonce before all that wait, or offline behind them. What could not be measured goes
 * there too, as that. False: told why not; r->failed where the state could not be kept, or nothing
 * will be measured any more.
 */
bool reporter_measure(struct reporter *r, struct reporter_workload *w, bool offline);

/* The same without a new try, of one that could not be measured at all the last time: it says so
 * again. */
bool reporter_repeat_lack(struct reporter *r, struct reporter_workload *w, bool offline);

/* What a last bundle says. */
struct reporter_farewell {
	enum bundle_leaving leaving;
	struct view moved_to; /* a log's origin; size 0 but for BUNDLE_MOVED */
};

/* The same with the newest measurement as it is. `farewell`: NULL if it is no last bundle. */
bool reporter_append(struct reporter *r, struct reporter_workload *w, bool offline,
    const struct reporter_farewell *farewell);

#endif
