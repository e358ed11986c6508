/*
 * Every number of a status, under the names that it has in JSON.
 */
#ifndef HALLMARK_SIGNER_STATUS_STATUS_NUMBERS_H
#define HALLMARK_SIGNER_STATUS_STATUS_NUMBERS_H

#include <jansson.h>
#include <stdio.h>

void status_numbers(json_t *status, FILE *to);

#endif
