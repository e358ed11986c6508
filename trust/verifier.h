/*
 * Whether a peer's certificate chain is accepted: by the CAs of one file and the revocation lists
 * of another.
 *
 *   - Any certificate of the CA file is trusted as it is, a root or not: many sites are given the
 *     issuing CA alone.
 *   - A CA that is over does not hide the renewed one that the peer sends (trust/authorities.h).
 *   - Every certificate of the chain is looked up in the lists of its issuer, the trusted one too
 *     if another CA issued it (trust/revocations.h). OpenSSL's own check looks at the leaf alone,
 *     or demands a list of every CA.
 *
 * What it goes by is in an X509_STORE, and lives as long: references are counted by OpenSSL, and
 * the store is for nothing else. One store is one thread's at a time, or several threads' that
 * share OpenSSL's locks.
 */
#ifndef HALLMARK_TRUST_VERIFIER_H
#define HALLMARK_TRUST_VERIFIER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "trust/authorities.h"
#include "trust/revocations.h"

#define VERIFIER_REASON_SIZE 640 /* bytes, with NUL: a sentence with a certificate in it */

/*
 * Takes `a`, with success or without; holds `r`, which may be NULL. NULL for want of memory.
 */
X509_STORE *verifier_new(struct authorities *a, struct revocations *r);

const struct authorities *verifier_authorities(const X509_STORE *store);
struct revocations *verifier_revocations(const X509_STORE *store);

/*
 * The context's connections have their peers' chains verified by `store`. It takes a reference of
 * its own. ERR_CRYPTO.
 */
enum err verifier_attach(X509_STORE *store, SSL_CTX *ctx) MUST_USE;

/*
 * Why the peer of a connection was not accepted, in words that name the certificate ("certificate
 * revoked: CN=host1 (...)"); NULL if it was, or none came. Lives as long as the connection.
 */
const char *verifier_reason(const SSL *ssl);

/*
 * When the first certificate of the verified chain ends; of a resumed session too. INT64_MIN if it
 * is not known.
 */
int64_t verifier_chain_end_s(const SSL *ssl);

/*
 * The same without a connection: the peer's certificate and what it sends with it, for a purpose of
 * OpenSSL's ("ssl_client", "ssl_server"). If it is not accepted `why` says so.
 */
bool verifier_accepts(X509_STORE *store, X509 *certificate, STACK_OF(X509) * sent,
    const char *purpose, char why[VERIFIER_REASON_SIZE]);

/*
 * The next time, after `now_s`, at which a verdict may change by itself: a CA or a list begins or
 * ends. INT64_MAX: none.
 */
int64_t verifier_next_change_s(const X509_STORE *store, int64_t now_s);

#endif
