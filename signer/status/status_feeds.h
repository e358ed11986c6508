/*
 * The feeds of advisories that the policy in force wants in a status: which is in force, how old
 * its file is, and what is wrong with it.
 */
#ifndef HALLMARK_SIGNER_STATUS_STATUS_FEEDS_H
#define HALLMARK_SIGNER_STATUS_STATUS_FEEDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/bytes.h"
#include "signer/session/service.h"

/* Appends the members of the status's object (doc/outputs.md). `now_s` is since 1970. */
void status_feeds_write(const struct service *s, uint64_t now_s, struct buf *to);

/* A table of those in the status. */
void status_feeds_numbers(json_t *feeds, FILE *to);

/* In words, a line a feed. False if one needs somebody. */
bool status_feeds_say(json_t *feeds, FILE *to);

#endif
