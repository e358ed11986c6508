/*
 * Which workloads are measured when, several at once: those that are wanted, in turn, each by a
 * measurement of its own (collector/processes/measurer.h).
 *
 * One that has taken longer than its budget the last time is slow: of these one is measured at a
 * time, beside all others, which wait for none of them, until it was measured in time again.
 *
 * One of which something has changed is wanted at its own pace (collector/watch/pace.h), also
 * between rounds.
 */
#ifndef HALLMARK_COLLECTOR_ROUNDS_H
#define HALLMARK_COLLECTOR_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/processes/measurer.h"
#include "collector/report/reporter.h"
#include "collector/watch/pace.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

struct rounds {
	struct reporter *reporter; /* borrowed */
	struct measurer *measurer; /* borrowed */
	size_t count;              /* of workloads */
	size_t at_once;
	size_t turn;               /* whose turn is next */
	bool *wanted;              /* by workload: to be measured, and not begun */
	bool *busy;                /* scratch of rounds_busy */
	uint64_t rest_ms, most_ms; /* for changes: the shortest rest, and the longest */
	struct pace *pace;         /* by workload */
};

/* Zero-initialised before. Replaces what was there; ERR_MEMORY: it stays. */
enum err rounds_set(struct rounds *s, struct reporter *reporter, struct measurer *measurer,
    const struct collector_config *config) MUST_USE;
void rounds_free(struct rounds *s);

/* Wants all that are not being measured; and one of them. */
void rounds_want_all(struct rounds *s);
void rounds_want(struct rounds *s, size_t workload);

/* Wants those of which something has changed, as far as they are due for it at this time. */
void rounds_want_changed(struct rounds *s, uint64_t now_ms);

/* When the next of them is, as it is seen at this time; UINT64_MAX: none is known. */
uint64_t rounds_changed_ms(struct rounds *s, uint64_t now_ms);

/* Begins what may be begun. */
void rounds_begin(struct rounds *s);

/* One that has its answer; `count` if there is none. */
size_t rounds_answered(const struct rounds *s);

/* It was wanted, is slow, and has waited: it can only say once more that it was not measured. */
bool rounds_has_waited(const struct rounds *s, size_t workload);

/* Some that are not slow are still wanted; and wanted or being measured. */
bool rounds_wants_any(const struct rounds *s);
bool rounds_expects_any(const struct rounds *s);

/* By workload, until the next call: wanted or being measured. */
const bool *rounds_busy(struct rounds *s);

#endif
