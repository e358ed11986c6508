/*
 * Fronts: event loops in threads of their own that do the connections' work - sockets, TLS, frames,
 * deadlines - so that handshakes and records use as many cores as there are. All that decides is on
 * the one loop that has the ledger (links.h); the two sides exchange letters (mailbox.h):
 *
 *   ledger's loop                                      front
 *     SOCKET   accepted, which front is next   ->        handshake
 *              session begins                  <-  LINK  identity and certificate
 *              session_on_frame                <-  FRAMES, BROKEN
 *     ANSWER   receipts, refusals, what was taken  ->    sends, or closes
 *              session ends                    <-  CLOSED
 *     GONE                                     ->        frees link and connection
 *
 * Each front has a library context of OpenSSL of its own: threads that share one wait for its
 * locks. The fronts share their sessions (resumption.h), so that a collector that comes back
 * resumes wherever it is put.
 */
#ifndef HALLMARK_SIGNER_FRONT_FRONT_H
#define HALLMARK_SIGNER_FRONT_FRONT_H

#include "signer/front/mailbox.h"
#include "signer/ground/counters.h"

#define FRONTS_MAX 16 /* threads; beyond it the ledger's loop is what limits */

struct conn_settings;
struct front;

/* All of a signer. */
struct front_set {
	struct front *front[FRONTS_MAX];
	unsigned count;
	unsigned next; /* takes the next connection */
};

/* Starts the thread. Takes the settings (conn_pool.h); `ledger` is where letters go. NULL for want
 * of memory. */
struct front *front_new(unsigned number, struct conn_settings *settings, struct mailbox *ledger,
    struct traffic *traffic);

/* Where its letters go to. */
struct mailbox *front_mailbox(struct front *f);

/* Posts one letter; used for what does not come by the turn. */
void front_post(struct front *f, struct letter *letter);

/* Waits for its end, which LETTER_STOP brings about, and frees it. */
void front_join(struct front **f);

#endif
