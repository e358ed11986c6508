/*
 * A status for people: one sentence that answers the question, then what needs somebody, the worst
 * first, alike causes in one row.
 */
#ifndef HALLMARK_SIGNER_STATUS_STATUS_SUMMARY_H
#define HALLMARK_SIGNER_STATUS_STATUS_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Rows without `all`; what is beyond is counted. */
#define STATUS_ROWS_MAX 20

/*
 * `status` has all workloads in `list`. With `all`, each in a row of its own, affirming ones too.
 * 0 if nothing needs somebody, else 1. Colour if `to` is a terminal, and never alone.
 */
int status_summary(json_t *status, bool all, FILE *to);

#endif
