/*
 * Connections: sockets, TLS, frames and deadlines. What is said in the frames is the session's.
 *
 * One function, conn_drive, touches the socket; one, conn_settle, tells the loop what is awaited
 * and arms the deadline. While the session has no room, or the peer does not read its answers, the
 * connection stops reading: memory stays bounded by what one frame and the answers in flight take.
 */
#ifndef HALLMARK_SIGNER_CONN_H
#define HALLMARK_SIGNER_CONN_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <uv.h>

#include "signer/deadline.h"
#include "signer/service.h"

struct conn;

/* All connections of one loop. */
struct conn_pool {
	uv_loop_t *loop;
	struct service *service;
	SSL_CTX *tls; /* for new connections; replaced on reload */
	struct deadlines deadlines;
	struct conn *all;   /* doubly linked */
	struct conn *dirty; /* have output since the last flush */
	uint32_t count;
	uint64_t last_number;
	uv_idle_t busy;                /* active while the dirty have more to read */
	uint8_t *scratch;              /* bytes read from TLS, before frames are taken off */
	void (*closed)(void *context); /* a connection is gone: its descriptor is free */
	void *closed_context;
};

enum err conn_pool_init(
    struct conn_pool *p, uv_loop_t *loop, struct service *service, SSL_CTX *tls) MUST_USE;

/* Takes over a connected, non-blocking socket. On failure it is closed. */
void conn_open(struct conn_pool *p, int fd);

/* Sends what sessions have written since the last call. Once a turn of the loop. */
void conn_pool_flush(struct conn_pool *p);

/* Every connection looks again whether it may read: the ledger has room, or the signer stops. */
void conn_pool_resume(struct conn_pool *p);

/* Closes what has run out of time. */
void conn_pool_expire(struct conn_pool *p);

/* Closes all, after what was written is sent if the socket takes it at once. */
void conn_pool_close(struct conn_pool *p);

/* When the loop has closed all. */
void conn_pool_free(struct conn_pool *p);

#endif
