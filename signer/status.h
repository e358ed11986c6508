/*
 * Status over a Unix socket (mode 0600): whoever connects gets one JSON object and the end of file.
 *
 * The object is flat but for `refusals`, `latency_us`; PROTOCOL.md does not cover it: names are
 * kept stable, additions are allowed.
 */
#ifndef HALLMARK_SIGNER_STATUS_H
#define HALLMARK_SIGNER_STATUS_H

#include <uv.h>

#include "proto/err.h"
#include "signer/session/service.h"

struct status_server {
	uv_pipe_t pipe;
	struct service *service;
	uint64_t started_ms; /* monotonic */
	bool open;
};

/* Listens at `path`; a socket left behind by a dead signer is replaced. ERR_IO, logged. */
enum err status_open(
    struct status_server *s, uv_loop_t *loop, const char *path, struct service *service) MUST_USE;
void status_close(struct status_server *s);

#endif
