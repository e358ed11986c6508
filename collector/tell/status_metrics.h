/*
 * A collector's status as metrics: text format of Prometheus 0.0.4. Labels have the names of the
 * configuration, and words of this version.
 */
#ifndef HALLMARK_COLLECTOR_TELL_STATUS_METRICS_H
#define HALLMARK_COLLECTOR_TELL_STATUS_METRICS_H

#include <jansson.h>
#include <stdio.h>

void status_metrics(json_t *status, FILE *to);

#endif
