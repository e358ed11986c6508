/*
 * TLS 1.3, mutual, and who the peer is.
 *
 * One context holds everything that is loaded from files, once; a reload makes a new context, with
 * new ticket keys, so that no session outlives a change of certificates or of the revocation list.
 */
#ifndef HALLMARK_SIGNER_TLS_H
#define HALLMARK_SIGNER_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "config/faults.h"
#include "config/signer_config.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/identity.h"

/* Loads certificate, key, client CA and CRL. ERR_CONFIG with faults; *out NULL then. */
enum err tls_context_new(
    const struct signer_config *c, struct faults *faults, SSL_CTX **out) MUST_USE;

/* The peer's name, by its certificate (proto/identity.h). ERR_IDENTITY. */
enum err tls_peer_identity(const SSL *ssl, char identity[IDENTITY_SIZE_MAX + 1]) MUST_USE;

/*
 * Checks the collector's signature over a bundle with the key of its certificate.
 * ERR_EVIDENCE_SIGNATURE if it does not verify.
 */
enum err tls_verify_evidence(const SSL *ssl, struct view bundle, struct view signature) MUST_USE;

/* Appends the peer's certificate in DER and gives its SHA-256. */
enum err tls_peer_certificate(const SSL *ssl, struct buf *der, struct digest *digest) MUST_USE;

/* The reason of the last TLS failure for a log line, and the queue emptied. Static storage. */
const char *tls_last_error(void);

#endif
