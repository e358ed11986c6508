/*
 * Connections: sockets, TLS, frames and deadlines. What is said in the frames is the session's, on
 * the ledger's loop (link.h); frames go there and answers come back by letters.
 *
 * One function, conn_drive, touches the socket; one, conn_settle, tells the loop what is awaited
 * and arms the deadline. While the ledger's loop has not taken what was handed over, or the peer
 * does not read its answers, the connection stops reading. So one connection holds at most
 *
 *     TLS           48 KiB while hands are shaken (hello.h), 20 KiB from then on
 *   + input         FRAME_SIZE_MAX for a frame that is not complete, CONN_SCRATCH_SIZE for what was
 * read behind it in one go: 576 KiB
 *   + handed over   FORWARD_MAX and the frame that went over it: 512 KiB
 *   + answers       OUTPUT_MAX and the answers to all that was handed over or is in flight:
 *                   512 KiB + (FORWARD_FRAMES_MAX + in_flight_per_connection) receipts
 *
 * where a receipt is some 2 KiB, and a buffer may have twice the room of what is in it. Bundles
 * that wait for components, and the components, are the session's (limits.evidence_pending_bytes).
 * tests/fault/network.py holds the signer against this.
 */
#ifndef HALLMARK_SIGNER_FRONT_CONN_H
#define HALLMARK_SIGNER_FRONT_CONN_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <uv.h>

#include "signer/front/deadline.h"
#include "signer/front/front.h"
#include "signer/front/peer.h"

struct conn;

/* All connections of one front. */
struct conn_pool {
	uv_loop_t *loop;
	unsigned front; /* its number */
	struct traffic *traffic;
	SSL_CTX *tls;        /* for new connections; replaced on reload */
	uint64_t generation; /* of `tls` */
	SSL_CTX *retired;    /* the one before, until its sessions are freed; or NULL */
	struct deadlines deadlines;
	struct conn *all;           /* doubly linked; until they are freed */
	struct conn *dirty;         /* have output since the last flush */
	struct letter_list letters; /* to the ledger's loop, of this turn */
	bool closing;               /* letters are neither sent nor awaited any more */
	uv_idle_t busy;             /* active while the dirty have more to read */
	uint8_t *scratch;           /* bytes read from TLS, before frames are taken off */
	void *reserve;              /* let go of when there is no memory to say so with */
};

/* Takes the settings. */
enum err conn_pool_init(struct conn_pool *p, uv_loop_t *loop, unsigned front,
    struct front_settings *settings, struct traffic *traffic) MUST_USE;

/* New settings, taken: timeouts for all, TLS for connections to come. */
void conn_pool_set(struct conn_pool *p, struct front_settings *settings);

/* Takes over a connected, non-blocking socket, counted as a connection. On failure it is closed. */
void conn_open(struct conn_pool *p, int fd, const union peer *peer, uint64_t number);

/*
 * At the limit of connections: ends the one that has been longest about its handshake, so that
 * whoever only connects cannot keep out those who have something to say. False if there is none.
 */
bool conn_pool_make_room(struct conn_pool *p);

/* Refuses a socket that there is no room for. */
void conn_pool_refuse(struct conn_pool *p, int fd);

/* An answer from the ledger's loop; its bytes are taken out of the letter. */
void conn_on_answer(struct conn *c, struct letter *answer);

/* The ledger's loop has let go of the link. */
void conn_on_gone(struct conn *c);

/* Drives what has something to do since the last call. Once a turn of the loop. */
void conn_pool_flush(struct conn_pool *p);

/* Closes what has run out of time. */
void conn_pool_expire(struct conn_pool *p);

/* Closes all, after what was written is sent if the socket takes it at once. Links are left. */
void conn_pool_close(struct conn_pool *p);

/* When the loop has closed all. */
void conn_pool_free(struct conn_pool *p);

#endif
