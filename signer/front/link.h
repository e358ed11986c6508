/*
 * A link: what a connection and its session know of each other, and no more.
 *
 * A connection's socket, TLS and deadlines are its front's (conn.h); what is said in its frames is
 * dealt with on the one thread that has policy, chains and ledger (links.h). A link is made by the
 * front when the handshake is done and goes over with LETTER_LINK; from then on the ledger's loop
 * uses it, until LETTER_CLOSED; then it goes back with LETTER_GONE, and the front frees it.
 */
#ifndef HALLMARK_SIGNER_FRONT_LINK_H
#define HALLMARK_SIGNER_FRONT_LINK_H

#include <openssl/x509.h>
#include <stdint.h>

#include "signer/front/mailbox.h"

struct link;

/*
 * On a front's thread. Takes over the peer's chain, also where it is NULL for want of memory; NULL
 * then, or for want of its own.
 */
struct link *link_new(struct conn *conn, unsigned front, uint64_t number, const char *identity,
    STACK_OF(X509) * chain);
void link_free(struct link *l);

/* The peer's identity: never changes, so both sides may read it. */
const char *link_identity(const struct link *l);

/* The letter of LETTER_CLOSED and LETTER_GONE: it needs no memory when it is time to go. */
struct letter *link_farewell(struct link *l);

#endif
