/*
 * What a workload's configuration names and a measurement has nothing of: a pattern that matches no
 * file or no key, a rule that hides nothing. All of that may be as it should be, and most often is
 * a slip of who wrote it; so those are told who look at a measurement. And links that are not
 * followed, as what is behind them is not measured; and files of the host beside packages that are
 * of a process's own root directory. What was found by another
 * rule or pattern of the same fact or path does not show which one it was, and is not told.
 */
#ifndef HALLMARK_COLLECTOR_UNMATCHED_H
#define HALLMARK_COLLECTOR_UNMATCHED_H

#include "collector/ground/trouble.h"
#include "config/collector/collector_workload.h"
#include "proto/evidence/component.h"

/* One such thing, in words. */
typedef void unmatched_line(const void *context, const struct trouble *t);

/* `component` by kind, NULL where it was not measured: nothing is told of its patterns then. */
void unmatched_tell(const struct collector_workload *w, const struct component *const *component,
    unmatched_line *line, const void *context);

#endif
