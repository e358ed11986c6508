/*
 * Times as people and programs read them in every output but the claims of reports: RFC 3339, in
 * UTC.
 */
#ifndef HALLMARK_PROTO_UTC_H
#define HALLMARK_PROTO_UTC_H

#include <openssl/asn1.h>
#include <stdint.h>

#define UTC_TEXT_SIZE 32 /* bytes of "9999-12-31T23:59:59.999Z", or of 20 digits, with NUL */

/* Seconds since 1970 as "2026-11-24T10:00:00Z"; beyond the year 9999 as the number. */
const char *utc_text(uint64_t seconds, char to[UTC_TEXT_SIZE]);

/* Milliseconds since 1970 as "2026-11-24T10:00:00.000Z"; beyond the year 9999 as the number. */
const char *utc_text_ms(uint64_t ms, char to[UTC_TEXT_SIZE]);

/* A date of a certificate, in whole seconds; "an unreadable date" for what is none after 1970. */
const char *utc_text_asn1(const ASN1_TIME *date, char to[UTC_TEXT_SIZE]);

#endif
