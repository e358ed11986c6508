/*
 * What the process that acts does (collector/act/actor.h says why there is one): takes receipts,
 * knows which verdict each hook was told last, has programs run where that is another now, and says
 * what came of it.
 *
 * For each workload at most one runs. What changes meanwhile is told behind it, as it is then: a
 * verdict that has come and gone while another hook ran is not told.
 */
#ifndef HALLMARK_COLLECTOR_ACT_ACTING_H
#define HALLMARK_COLLECTOR_ACT_ACTING_H

#include "config/collector/collector_config.h"

/* `control` is its end of the channel. Takes the configuration, which is at `path`. */
void acting_run(const char *path, struct collector_config *config, int control)
    __attribute__((noreturn));

#endif
