/*
 * A status as metrics, in the text format of Prometheus 0.0.4: base units, and labels whose values
 * are bounded by the program itself. Names of collectors and workloads are no labels.
 */
#ifndef HALLMARK_SIGNER_STATUS_METRICS_H
#define HALLMARK_SIGNER_STATUS_METRICS_H

#include <jansson.h>
#include <stdio.h>

void status_metrics(json_t *status, FILE *to);

#endif
