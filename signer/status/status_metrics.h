/*
 * A status as metrics, in the text format of Prometheus 0.0.4: base units, and labels whose values
 * are bounded by the program itself. Names of collectors and workloads are no labels.
 *
 * The status may come from a signer in wrong hands: no name of it gets into the text that is not
 * one of the program's own.
 */
#ifndef HALLMARK_SIGNER_STATUS_STATUS_METRICS_H
#define HALLMARK_SIGNER_STATUS_STATUS_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The first name of the status that would be a label's value and is none; NULL: there is none. */
const char *status_metrics_unknown(json_t *status);

/* Of a status in which nothing is unknown. */
void status_metrics(json_t *status, FILE *to);

#endif
