/*
 * The groups of the policy in a status: how far it is rolled out, and what would fall if it decided
 * everywhere.
 */
#ifndef HALLMARK_SIGNER_STATUS_STATUS_GROUPS_H
#define HALLMARK_SIGNER_STATUS_STATUS_GROUPS_H

#include <jansson.h>
#include <stdio.h>

/* In words, a line a group; nothing where no policy is rolled out. */
void status_groups_say(json_t *status, FILE *to);

/* As a section of numbers. */
void status_groups_numbers(json_t *status, FILE *to);

/* What a group's `enforce` is that this version does not know; NULL: it knows all. */
const char *status_groups_unknown(json_t *status);

/* As metrics: by `enforce`, since operators name groups as they like. */
void status_groups_metrics(json_t *status, FILE *to);

#endif
