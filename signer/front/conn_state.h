/*
 * A connection's insides, shared by conn.c, conn_frames.c and conn_pool.c. Nobody else includes
 * this.
 */
#ifndef HALLMARK_SIGNER_FRONT_CONN_STATE_H
#define HALLMARK_SIGNER_FRONT_CONN_STATE_H

#include "proto/wire/frame.h"
#include "signer/front/conn.h"
#include "signer/front/hello.h"

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

/* Goes on with the connection as far as it goes without waiting. */
void conn_drive(struct conn *c, bool readable);

/* Counts and logs why (ERR_OK: an orderly end), and lets go of everything. */
void conn_end(struct conn *c, enum err e, const char *text);

/* The peer is told why, and has the time to read it: what a session has nothing to do with. */
void conn_refuse(struct conn *c, enum err e);

/*
 * Hands over whole frames of what was kept and `bytes`, as long as there is room; keeps the rest.
 * False if nothing more is to be read now.
 */
bool conn_take_frames(struct conn *c, struct view bytes);
bool conn_has_room(const struct conn *c);

/* With the pool: sends what the socket takes at once, and ends. Its link stays with its session. */
void conn_leave(struct conn *c);

/* A connection lives until both the loop and the ledger's loop have let go of it. */
void conn_free_if_gone(struct conn *c);

/* The larger part of its memory, of one that has ended. */
void conn_free_tls(struct conn *c);

#endif
