/*
 * Times as people write and read them in files and commands: RFC 3339 in UTC and whole seconds, one
 * spelling, "2027-01-31T00:00:00Z".
 */
#ifndef HALLMARK_PROTO_UTC_H
#define HALLMARK_PROTO_UTC_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define UTC_SIZE      20              /* characters of a time */
#define UTC_TEXT_SIZE 24              /* bytes of a time, or of 20 digits, with NUL */
#define UTC_MAX_S     253402300799ULL /* 9999-12-31T23:59:59Z: what four digits of a year reach */

/* Seconds since 1970, at least 1. ERR_FORMAT for every other spelling, and for no time at all. */
enum err utc_parse(struct view text, uint64_t *out) MUST_USE;

/* The time; the plain number where it is over UTC_MAX_S. Returns `to`. */
const char *utc_text(uint64_t seconds, char to[UTC_TEXT_SIZE]);

/* Appends the same. */
void utc_append(struct buf *to, uint64_t seconds);

#endif
