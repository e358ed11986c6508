/*
 * Links: connections as the ledger's loop sees them, each with its session.
 *
 * A connection's socket, TLS and deadlines are its front's (front.h, conn.h); what is said in its
 * frames is dealt with here, on the one thread that has policy, chains and ledger. A link is made
 * by the front when the handshake is done and comes with LETTER_LINK; from then on this side uses
 * it, until LETTER_CLOSED; then it goes back with LETTER_GONE, and the front frees it.
 *
 * A session without room leaves frames lying in their letters. What was taken is told to the front
 * with the next answer, and the front hands over only so much before that (FORWARD_MAX and
 * FORWARD_FRAMES_MAX): so a peer that sends more than is answered is stopped at its socket.
 */
#ifndef HALLMARK_SIGNER_FRONT_LINK_H
#define HALLMARK_SIGNER_FRONT_LINK_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "signer/front/front.h"
#include "signer/front/mailbox.h"
#include "signer/session/service.h"

struct link;

/* On a front's thread. Takes its own reference to the certificate. NULL for want of memory. */
struct link *link_new(
    struct conn *conn, unsigned front, uint64_t number, const char *identity, X509 *certificate);
void link_free(struct link *l);

/* The peer's identity: never changes, so both sides may read it. */
const char *link_identity(const struct link *l);

/* The letter of LETTER_CLOSED and LETTER_GONE: it needs no memory when it is time to go. */
struct letter *link_farewell(struct link *l);

/* Where a link stands in the turn; it is in one of these lists or in none. */
enum link_place {
	LINK_IDLE,    /* in none */
	LINK_READY,   /* has frames, or was woken: to be driven */
	LINK_DRIVEN,  /* may have something to tell to its front */
	LINK_BLOCKED, /* has frames that there was no room for */
	LINK_PLACES,
};

/* In the order of arrival, so that nobody waits for ever. */
struct link_list {
	struct link *first, *last;
};

/* All links of a signer. */
struct links {
	struct service *service;
	struct front_set *fronts;
	struct link *all; /* doubly linked */
	struct link_list in[LINK_PLACES];
	struct letter_list out[FRONTS_MAX];
};

void links_init(struct links *s, struct service *service, struct front_set *fronts);

/* A letter from a front. */
void links_on_letter(struct links *s, struct letter *letter);

/*
 * Takes frames wherever there are some and there is room, some of each link in turn, until a time
 * of uv_hrtime; false if there was nothing to look at.
 */
bool links_drive(struct links *s, uint64_t until_ns);

/* Whether the time was too short for all. */
bool links_are_ready(const struct links *s);

/* Sends the fronts what the turn has brought about. */
void links_flush(struct links *s);

/* The ledger has room again. */
void links_resume(struct links *s);

/* When all fronts have ended, and what they sent has been delivered. */
void links_close(struct links *s);

#endif
