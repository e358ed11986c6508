/*
 * Sessions that collectors may resume, for all fronts together.
 *
 * The tickets are names: 32 random bytes by which a session is found here, once (RFC 8446, C.4).
 * The other kind of ticket carries the session itself, sealed, and with it the collector's
 * certificate, which OpenSSL 3.0 decodes anew when it makes the ticket and when it takes it: more
 * than half of what a resumed handshake costs.
 *
 * Whoever is here has shown a certificate that the CA signed. Nothing of that is looked at again,
 * so a session is resumed only until the first certificate of its chain ends, or a CA or a
 * revocation list begins or ends (trust/verifier.h): then a full handshake says what is wrong, if
 * anything is. Beyond the bound the oldest session goes, and its collector makes a full handshake
 * when it comes back. Safe for use by many threads.
 */
#ifndef HALLMARK_SIGNER_FRONT_RESUMPTION_H
#define HALLMARK_SIGNER_FRONT_RESUMPTION_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "proto/err.h"

struct resumption;

/* Has one reference. NULL for want of memory. */
struct resumption *resumption_new(size_t sessions_max);

/* Drops a reference; the last one frees every session. Takes NULL. */
void resumption_release(struct resumption **r);

/*
 * The context's connections get tickets of this kind. It takes a reference of its own and drops it
 * when it is freed. ERR_CRYPTO.
 */
enum err resumption_attach(struct resumption *r, SSL_CTX *ctx) MUST_USE;

/*
 * The context takes no new connections, and those it has may last for long. No session is kept any
 * more by it and those that share its sessions; at most so many that are kept are freed now, the
 * oldest first. Gives how many remain; to free many at once would stop the caller's loop.
 */
size_t resumption_retire(SSL_CTX *ctx, size_t at_most);

/*
 * To be called before SSL_free. OpenSSL takes a connection that ended without a good-bye for a
 * reason not to resume its session, but a collector whose network failed is to be resumed all the
 * same. A session whose records were wrong stays spoilt.
 */
void resumption_leave(SSL *ssl);

#endif
