/*
 * Accepts connections. At the limit, or without descriptors, it refuses or waits; it never spins.
 */
#ifndef HALLMARK_SIGNER_LISTENER_H
#define HALLMARK_SIGNER_LISTENER_H

#include <uv.h>

#include "config/signer_config.h"
#include "signer/conn.h"

struct listener {
	uv_poll_t poll;
	struct conn_pool *pool;
	int fd;
	bool paused; /* out of descriptors; goes on when a connection closes */
	bool open;
};

/* Binds and listens. ERR_IO; the reason has been logged. */
enum err listener_open(struct listener *l, uv_loop_t *loop, const struct signer_config *config,
    struct conn_pool *pool) MUST_USE;

/* Looks again whether there are descriptors. */
void listener_resume(struct listener *l);

/* Takes no more; connections that wait in the kernel are reset. */
void listener_close(struct listener *l);

#endif
