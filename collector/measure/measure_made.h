/*
 * What a component is made with, as it says itself: `patterns` of the files, with the option
 * "root=process" where they are looked up in the process's own root directory; and of the
 * executable, the libraries and the runtime `options`: "main_only" where nothing but the main
 * process was looked at, "user=NAME" and an "argument=PATTERN" each by which it was chosen; and of
 * the runtime an "environment=NAME" for each variable that is asked for; in this order, and lists
 * in the configuration's. Last, of those with content of files, "reread_percent=N": how much of
 * what is known is read again each time.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_MADE_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_MADE_H

#include "config/collector/collector_config.h"
#include "proto/evidence/component.h"

/* ERR_MSG_RANGE for more than a component holds, which the configuration's loader refuses. */
enum err measure_made(const struct collector_workload *w, enum component_kind kind,
    struct component_builder *to) MUST_USE;

#endif
