/*
 * The insides of a connection and of the pool that it is in: conn_pool.c drives connections, conn.c
 * is one, conn_frames.c hands over what one has read; each knows only those behind it. Nobody else
 * includes this.
 */
#ifndef HALLMARK_SIGNER_FRONT_CONN_STATE_H
#define HALLMARK_SIGNER_FRONT_CONN_STATE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/wire/frame.h"
#include "signer/front/deadline.h"
#include "signer/front/hello.h"
#include "signer/front/mailbox.h"
#include "signer/front/peer.h"
#include "signer/ground/counters.h"

/* Read at once: the largest frame and some more, so that a pipelining peer is served in one go. */
#define CONN_SCRATCH_SIZE (FRAME_SIZE_MAX + 64 * 1024) /* bytes */

/*
 * Frames with the ledger's loop, of one connection: each may have a receipt for its answer, ten
 * times its size. Four times what the welcome allows by default, so that a pipelining collector
 * does not meet it.
 */
#define CONN_FORWARD_FRAMES_MAX 256

/* The moves are a table in conn.c. */
enum conn_state {
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_CLOSING,  /* sends what is left */
	CONN_DRAINING, /* has sent it, and reads until the peer has seen it: a reset would lose it
			*/
	CONN_CLOSED,   /* waits for the loop to let go of the handle */
	CONN_STATES,
};

struct conn {
	uv_poll_t poll;
	struct deadline deadline;
	struct conn_pool *pool;
	struct conn *next, *previous;
	struct conn *next_dirty;
	bool dirty;
	enum conn_state state;
	int fd;
	union peer peer;
	int polled; /* events the loop was asked for */
	SSL *ssl;
	struct hello_watch hello; /* while hands are shaken */
	struct link *link;        /* from the end of the handshake on, until it is gone */
	struct buf in; /* the start of a frame that is not complete, or what there is no room for */
	struct buf out;          /* frames to be sent */
	size_t unread;           /* bytes of memory for them that the pool counts */
	size_t forwarded;        /* bytes of frames that the ledger's loop has not taken */
	size_t forwarded_frames; /* their number */
	uint64_t number;
	uint64_t generation; /* of the pool's settings that the peer was last checked by */
	uint64_t ends_ms;    /* when the peer's certificate does, by the loop's clock */
	enum err failure;    /* of TLS, or of the stream when the peer closed it */
	bool greeted;        /* the session has taken the hello */
	bool waiting;        /* for the ledger: the peer has reason to be silent */
	bool owed;           /* the peer was asked for components */
	bool broken;         /* no frame can follow: nothing more is handed over */
	unsigned tls_steps;  /* of TLS's own messages, in this read */
	bool write_blocked;
	bool read_blocked; /* by what TLS itself has to write first */
	bool has_room;     /* as last asked */
	bool handle_alive; /* the loop has not let go of it */
};

/* All connections of one front. */
struct conn_pool {
	uv_loop_t *loop;
	unsigned front; /* its number */
	struct traffic *traffic;
	SSL_CTX *tls;           /* for new connections; replaced on reload */
	uint64_t generation;    /* of `tls` */
	int64_t change_s;       /* when, by the wall clock, a peer's verdict may change by itself */
	struct conn *unchecked; /* those from here on may not have been checked since */
	uint64_t
	    end_ms; /* when the first certificate of a peer's chain ends, by the loop's clock */
	SSL_CTX *retired; /* the one before, until its sessions are freed; or NULL */
	struct deadlines deadlines;
	struct conn *all;           /* doubly linked; until they are freed */
	struct conn *dirty;         /* have output since the last flush */
	struct letter_list letters; /* to the ledger's loop, of this turn */
	size_t unread_bytes;        /* of memory for what peers have not read yet */
	bool closing;               /* letters are neither sent nor awaited any more */
	uv_idle_t busy;             /* active while the dirty have more to read */
	uint8_t *scratch;           /* bytes read from TLS, before frames are taken off */
	void *reserve;              /* let go of when there is no memory to say so with */
};

#endif
