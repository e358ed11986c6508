/*
 * The certificate of a log's key: all that an auditor trusts.
 *
 * Its signature, chain and dates are not judged: whoever runs the auditor has chosen this file, and
 * receipts outlive certificates. Its names and its dates are compared and told.
 */
#ifndef HALLMARK_LOG_SIGNERCERT_H
#define HALLMARK_LOG_SIGNERCERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/outcome.h"
#include "proto/tlog/note.h"

#define SIGNERCERT_SIZE_MAX (256 * 1024) /* bytes: a certificate of RSA-8192 with its chain */

struct signercert;

/* Reads a PEM file; its first certificate counts. Says what is wrong as a step. */
enum outcome signercert_load(
    const char *path, const struct findings *f, struct signercert **out) MUST_USE;

/* Takes a reference on the certificate. ERR_UNSUPPORTED for a key that seals no logs. */
enum err signercert_from_x509(X509 *x509, const char *path, struct signercert **out) MUST_USE;

void signercert_free(struct signercert **c);

const char *signercert_path(const struct signercert *c);
EVP_PKEY *signercert_key(const struct signercert *c); /* borrowed */

/* "EC P-256, CN = ..., from ... to ..." */
const char *signercert_description(const struct signercert *c);

/*
 * The subject's common name, or a URI or DNS name of the certificate, is this origin; or a URI is
 * it behind "https://", since an origin is a URL without its scheme.
 */
bool signercert_names_origin(const struct signercert *c, const char *origin);

/* The time lies between the certificate's dates. */
bool signercert_valid_at(const struct signercert *c, uint64_t seconds);

/*
 * The verifier for this log, made from the first signature line of the note that carries the key ID
 * of the certificate's key: the name comes from there. Lines under the name that the note's text
 * begins with, the origin, go before others: anybody may add a line with this ID and another name.
 * `line`, if it is not NULL and all is good, is that line's place. ERR_UNKNOWN_KEY if there is
 * none; ERR_MEMORY.
 */
enum err signercert_verifier(const struct signercert *c, const struct note *n, size_t *line,
    struct note_verifier **out) MUST_USE;

#endif
