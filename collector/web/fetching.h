/*
 * A process that fetches the pages of one workload once, and says what they are.
 */
#ifndef HALLMARK_COLLECTOR_WEB_FETCHING_H
#define HALLMARK_COLLECTOR_WEB_FETCHING_H

#include "config/collector/collector_workload.h"

/*
 * Gives up its rights, fetches, and writes the answer (collector/measure/web_answer.h) to
 * `channel`. It ends by itself: within what its pages may take together, and a little.
 */
void fetching_run(int channel, const struct collector_workload *w) __attribute__((noreturn));

#endif
