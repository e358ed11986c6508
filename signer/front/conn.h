/*
 * Connections: sockets, TLS, frames and deadlines. What is said in the frames is the session's, on
 * the ledger's loop (links.h); frames go there and answers come back by letters.
 *
 * One function, conn_drive, touches the socket; one, conn_settle, tells the loop what is awaited
 * and arms the deadline. While the ledger's loop has not taken what was handed over, or the peer
 * does not read its answers, the connection stops reading. So one connection holds at most
 *
 *     TLS           48 KiB while hands are shaken (hello.h), 20 KiB from then on
 *   + input         FRAME_SIZE_MAX for a frame that is not complete, CONN_SCRATCH_SIZE for what
 *                   was read behind it in one go: 576 KiB
 *   + handed over   FORWARD_MAX and the frame that went over it: 512 KiB
 *   + answers       OUTPUT_MAX and the answers to all that was handed over or is in flight:
 *                   512 KiB + (CONN_FORWARD_FRAMES_MAX + in_flight_per_connection) receipts
 *
 * where a receipt is some 2 KiB, and a buffer may have twice the room of what is in it. Bundles
 * that wait for components, and the components, are the session's (limits.evidence_pending_bytes).
 * tests/fault/network.py holds the signer against this.
 */
#ifndef HALLMARK_SIGNER_FRONT_CONN_H
#define HALLMARK_SIGNER_FRONT_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "signer/front/mailbox.h"
#include "signer/front/peer.h"

struct conn;
struct conn_pool;

/* Takes over a connected, non-blocking socket, counted as a connection. On failure it is closed. */
void conn_open(struct conn_pool *p, int fd, const union peer *peer, uint64_t number);

/* An answer from the ledger's loop; its bytes are taken out of the letter. */
void conn_on_answer(struct conn *c, struct letter *answer);

/* The ledger's loop has let go of the link. */
void conn_on_gone(struct conn *c);

/*
 * Whether its peer may stay, by the pool's settings as they are now, is looked at once for each
 * change of them; who may not is told so, and it is closed. True if that took a verification.
 */
bool conn_check(struct conn *c);

/* Goes on with the connection as far as it goes without waiting. */
void conn_drive(struct conn *c, bool readable);

/* Counts and logs why (ERR_OK: an orderly end), and lets go of everything. */
void conn_end(struct conn *c, enum err e, const char *text);

/* With the pool: sends what the socket takes at once, and ends. Its link stays with its session. */
void conn_leave(struct conn *c);

/* The larger part of its memory, of one that has ended. */
void conn_free_tls(struct conn *c);

#endif
