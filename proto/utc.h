/*
 * Times as people and programs write and read them everywhere but in the claims of entries: RFC
 * 3339 in UTC, one spelling, "2027-01-31T00:00:00Z".
 */
#ifndef HALLMARK_PROTO_UTC_H
#define HALLMARK_PROTO_UTC_H

#include <openssl/asn1.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define UTC_SIZE      20 /* characters of a time */
#define UTC_TEXT_SIZE 32 /* bytes of a time with milliseconds, or of 20 digits, with NUL */
#define UTC_MAX_S     253402300799ULL /* 9999-12-31T23:59:59Z: what four digits of a year reach */

/* Seconds since 1970, at least 1. ERR_FORMAT for every other spelling, and for no time at all. */
enum err utc_parse(struct view text, uint64_t *out) MUST_USE;

/* The same, or a date such as 2027-01-31, which stands for its first second. */
enum err utc_parse_date(struct view text, uint64_t *out) MUST_USE;

/* The time; the plain number where it is over UTC_MAX_S. Returns `to`. */
const char *utc_text(uint64_t seconds, char to[UTC_TEXT_SIZE]);

/* Appends the same. */
void utc_append(struct buf *to, uint64_t seconds);

/* Milliseconds since 1970 as "2026-11-24T10:00:00.000Z"; beyond the year 9999 as the number. */
const char *utc_text_ms(uint64_t ms, char to[UTC_TEXT_SIZE]);

/* A date of a certificate, in whole seconds; "an unreadable date" for what is none after 1970. */
const char *utc_text_asn1(const ASN1_TIME *date, char to[UTC_TEXT_SIZE]);

#endif
