/*
 * TLS 1.3, mutual, and who the peer is.
 *
 * One context holds everything that is loaded from files, once; a reload makes a new context,
 * without the old one's sessions, so that no session outlives a change of certificates or of the
 * revocation list.
 */
#ifndef HALLMARK_SIGNER_FRONT_TLS_H
#define HALLMARK_SIGNER_FRONT_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/err.h"
#include "proto/evidence/identity.h"
#include "signer/front/resumption.h"
#include "signer/front/tls_files.h"
#include "signer/front/tls_library.h"
#include "trust/verifier.h"

/*
 * Takes certificate, client CA and CRL from what was read, and the key from its file, with a
 * library that must outlive it. Its sessions are resumed by all contexts that share `sessions`.
 * ERR_CONFIG with faults; *out NULL then. A path that is NULL is a fault that was told before
 * (signer_config_inspect); the others are looked at all the same.
 */
enum err tls_context_new(const struct tls_files *f, const struct tls_library *library,
    struct resumption *sessions, struct faults *faults, SSL_CTX **out) MUST_USE;

/*
 * Lets go of CA and CRL, which may be large, where they are not needed any more: of a context that
 * takes no new connections (those under way have a hold of their own), and of a connection whose
 * peer was let in. A connection keeps its context alive, and may stay for months.
 */
void tls_context_retire(SSL_CTX *ctx);
void tls_peer_let_in(SSL *ssl);

/* The peer's name, by its certificate (proto/evidence/identity.h). ERR_IDENTITY. */
enum err tls_peer_identity(const SSL *ssl, char identity[IDENTITY_SIZE_MAX + 1]) MUST_USE;

/*
 * The certificates of a peer that was let in: its own, and behind it those that it has sent and
 * that its chain needs. To be freed with its certificates; NULL for want of memory.
 */
STACK_OF(X509) * tls_peer_chain(const SSL *ssl);

/* Until the first certificate of the peer's chain ends, in ms from now; 0 if one has ended. */
uint64_t tls_peer_lifetime_ms(const SSL *ssl);

/*
 * Whether the peer of an open connection would be let in by `now`, a context that was loaded after
 * its handshake: its certificate may have been revoked, or its CA taken away. If not, `why` says
 * so.
 */
bool tls_peer_is_accepted(const SSL *ssl, SSL_CTX *now, char why[VERIFIER_REASON_SIZE]);

/*
 * The first reason in the queue of TLS failures, in words, and the queue emptied. Static storage.
 */
const char *tls_last_error(void);

/*
 * The same of a handshake: where the peer's certificate was not accepted, which one and why; where
 * the peer has ended it, by which alert.
 */
#define TLS_REASON_SIZE (VERIFIER_REASON_SIZE + 64) /* bytes */
const char *tls_handshake_error(const SSL *ssl, char reason[TLS_REASON_SIZE]);

#endif
