/*
 * Accepts connections. At the limit the fronts decide who makes way; without descriptors it waits;
 * it never spins.
 */
#ifndef HALLMARK_SIGNER_FRONT_LISTENER_H
#define HALLMARK_SIGNER_FRONT_LISTENER_H

#include <uv.h>

#include "config/signer_config.h"
#include "signer/front/front.h"
#include "signer/session/service.h"

struct listener {
	uv_poll_t poll;
	struct service *service;
	struct front_set *fronts;
	uint64_t last_number; /* of a connection: unique in this process, nonces are bound to it */
	int fd;
	bool paused; /* out of descriptors; goes on when there are some */
	bool open;
	bool crowded; /* as of the last one accepted; said when it begins */
};

/* Binds and listens; the fronts take the connections in turn. ERR_IO; the reason has been logged.
 */
enum err listener_open(struct listener *l, uv_loop_t *loop, struct service *service,
    struct front_set *fronts) MUST_USE;

/* Looks again whether there are descriptors. */
void listener_resume(struct listener *l);

/* Takes no more; connections that wait in the kernel are reset. */
void listener_close(struct listener *l);

#endif
