/*
 * Certificates in words, for people who have to find the one that is meant.
 */
#ifndef HALLMARK_TRUST_CERTIFICATE_TEXT_H
#define HALLMARK_TRUST_CERTIFICATE_TEXT_H

#include <openssl/x509.h>
#include <stdint.h>

#define CERTIFICATE_NAME_SIZE 160 /* bytes, with NUL: a longer name is cut */
#define CERTIFICATE_TEXT_SIZE 448 /* two names, a serial number of 20 bytes, words between */

/*
 * A name in the order of RFC 2253, made printable ("CN=host1,O=Bank"), for reading alone: what
 * would be escaped there is not. "(no name)" if it is empty.
 */
const char *certificate_name(const X509_NAME *name, char to[CERTIFICATE_NAME_SIZE]);

/* "CN=host1 (serial 4A11, issued by CN=Collectors)"; of one that issued itself without the issuer.
 */
const char *certificate_text(const X509 *certificate, char to[CERTIFICATE_TEXT_SIZE]);

/* Seconds since 1970; INT64_MAX for NULL (no end), INT64_MIN for what is no date. */
int64_t certificate_date_s(const ASN1_TIME *date);

#endif
