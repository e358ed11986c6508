/*
 * One verdict made again: the policy, reference sets, components and certificate that a report
 * names are fetched by digest, appraised at the report's time, and written as a report.
 */
#ifndef HALLMARK_LOG_REDERIVE_H
#define HALLMARK_LOG_REDERIVE_H

#include "log/evidence_reader.h"
#include "log/outcome.h"
#include "log/verdict_cache.h"
#include "proto/report/report.h"

struct rederive;

/* Reader and listener must outlive it. NULL for want of memory. */
struct rederive *rederive_new(struct evidence_reader *evidence, const struct findings *f);
void rederive_free(struct rederive **r);

/*
 * Good if it gives the same bytes. Bad if it gives others, if the policy does not let this
 * collector speak for the workload, or if the collector's signature is wrong. Unknown if something
 * that the report names is not in the evidence, or where it gives others and the report has
 * extensions, none of which this version knows. `what` then says it, until the next call.
 *
 * What the appraisal takes from the report is its own time, the bundle and the time of the last
 * signature; the last is proved by the reports before it only (log/chains.h).
 */
enum outcome rederive_check(
    struct rederive *r, const struct report *logged, struct view bytes, const char **what) MUST_USE;

#endif
