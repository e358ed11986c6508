/*
 * The component `unmeasured`: what a round could not measure of a workload, and why, in the words
 * of proto/PROTOCOL.md, section 4.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_UNMEASURED_H
#define HALLMARK_COLLECTOR_REPORT_UNMEASURED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/measure/measure.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* Zero: nothing lacks. */
struct unmeasured {
	const char *reason;                     /* where all lacks: why; else NULL */
	const char *budget;                     /* which one did not suffice, or NULL */
	enum err missing[COMPONENT_KIND_COUNT]; /* where some lack: why; ERR_OK: that does not */
	uint64_t since_ms;                      /* of the wall clock */
	unsigned tries;
};

/*
 * Of a measurement of `w` that ended with `e`. `u` has in `missing` what was told of kinds that are
 * left out, and is filled from it; `m` is what there is, where e is ERR_OK. `before`: of the round
 * before; what lacked then, too, lacks since then. `now_ms`: when it began, by the wall clock.
 */
void unmeasured_find(struct unmeasured *u, const struct collector_workload *w, enum err e,
    const struct measurement *m, const struct unmeasured *before, uint64_t now_ms);

bool unmeasured_is_any(const struct unmeasured *u);

/* It took longer than it may, or may still do so: no good neighbour to measure others beside. */
bool unmeasured_is_slow(const struct unmeasured *u);

/* Appends the component's bytes. ERR_MEMORY. */
enum err unmeasured_write(const struct unmeasured *u, const struct collector_budgets *budgets,
    struct buf *to, size_t *count) MUST_USE;

#endif
