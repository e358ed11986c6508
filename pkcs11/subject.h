/*
 * Certification request and self-signed certificate for the token's key.
 */
#ifndef HALLMARK_PKCS11_SUBJECT_H
#define HALLMARK_PKCS11_SUBJECT_H

#include <openssl/x509.h>

#include "config/hsm_config.h"
#include "pkcs11/token/token.h"
#include "proto/err.h"

/*
 * `subject` is in openssl's form, "/O=Bank/CN=name"; NULL: the CN is the log's origin, or its first
 * 61 characters and "..." where it has more than the 64 that a CN holds. Both carry the use
 * digitalSignature alone, and the whole origin as a URI of the subjectAltName: behind "https://",
 * since an origin is a URL without its scheme and RFC 5280 (4.2.1.6) wants one; as it is where it
 * has "://" itself. ERR_FORMAT for a bad subject, ERR_TOKEN; explained on stderr.
 */
enum err subject_make_request(
    const struct hsm_config *c, const char *subject, struct token *token, X509_REQ **out) MUST_USE;
enum err subject_make_certificate(const struct hsm_config *c, const char *subject, int days,
    struct token *token, X509 **out) MUST_USE;

#endif
