/*
 * All connections of one front: what new ones go by, whose turn it is, who has to go. Lives on the
 * front's thread.
 */
#ifndef HALLMARK_SIGNER_FRONT_CONN_POOL_H
#define HALLMARK_SIGNER_FRONT_CONN_POOL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "signer/front/deadline.h"
#include "signer/front/mailbox.h"
#include "signer/ground/counters.h"

/* What new connections go by. The context is owned. */
struct conn_settings {
	SSL_CTX *tls;
	uint64_t timeout_ms[DEADLINE_CLASSES];
};
void conn_settings_free(struct conn_settings *s);

struct conn_pool;

/* Takes the settings; `front` is the front's number. NULL for want of memory: they are not taken.
 */
struct conn_pool *conn_pool_new(
    uv_loop_t *loop, unsigned front, struct conn_settings *settings, struct traffic *traffic);

/* When the loop has closed all. */
void conn_pool_free(struct conn_pool **p);

/* New settings, taken: timeouts for all, TLS for connections to come. */
void conn_pool_set(struct conn_pool *p, struct conn_settings *settings);

/* What the connections have said to the ledger's loop in this turn, for the front to post. */
struct letter_list *conn_pool_letters(struct conn_pool *p);

/*
 * At the limit of connections: ends the one that has been longest about its handshake, so that
 * whoever only connects cannot keep out those who have something to say. False if there is none.
 */
bool conn_pool_make_room(struct conn_pool *p);

/* Refuses a socket that there is no room for. */
void conn_pool_refuse(struct conn_pool *p, int fd);

/* Drives what has something to do since the last call. Once a turn of the loop. */
void conn_pool_flush(struct conn_pool *p);

/* Closes what has run out of time. */
void conn_pool_expire(struct conn_pool *p);

/* Closes all, after what was written is sent if the socket takes it at once. Links are left. */
void conn_pool_close(struct conn_pool *p);

#endif
