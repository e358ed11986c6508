/*
 * Times as people read them: RFC 3339, in UTC, in whole seconds.
 */
#ifndef HALLMARK_PROTO_UTC_H
#define HALLMARK_PROTO_UTC_H

#include <stdint.h>

#define UTC_TEXT_SIZE 24 /* bytes of "9999-12-31T23:59:59Z", or of 20 digits, with NUL */

/* Seconds since 1970 as "2026-11-24T10:00:00Z"; beyond the year 9999 as the number. */
const char *utc_text(uint64_t seconds, char to[UTC_TEXT_SIZE]);

#endif
