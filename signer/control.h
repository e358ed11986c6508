/*
 * The control socket: what is asked of a running signer on its own machine (`status.socket` in
 * signer.yaml; mode 0600, so by the service's user and root).
 *
 * A connection carries one request: words with a space between them and a line feed, at most
 * CONTROL_REQUEST_MAX bytes in all. It gets one answer, a JSON object and a line feed, and the end
 * of file. Whoever closes first, even for writing only, does not want the answer any more.
 *
 *   status                                 the status (status.h)
 *   workloads all|troubled [CURSOR]        a part of them (workload_list.h); 604 for a cursor
 *                                          that does not hold any more
 *   challenge COLLECTOR WORKLOAD NONCE     as the log has them; NONCE: 16 to 128 hex
 *                                          digits, lower case
 *       {"collector":str,"workload":str,"index":N,"receipt":str}
 *       when the collector has measured (challenge.h); `receipt` is a C2SP tlog-proof as a text
 *   statement ENVELOPE                     ENVELOPE: in base64
 *       {"sha256":hex,"index":N}
 *       when its notice is in the log (statements.h)
 *
 * A request that is refused gets {"error":{"code":N,"name":str,"text":str}}, as PROTOCOL.md lists
 * them: 108 for a line that is none of these, 403 for one that is too long.
 *
 * Few may be connected at once; others wait in the kernel's queue until one of them is done. A
 * request must be there, and an answer be taken, within CONTROL_PATIENCE_MS.
 */
#ifndef HALLMARK_SIGNER_CONTROL_H
#define HALLMARK_SIGNER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/err.h"
#include "signer/session/service.h"

/* The largest envelope (MESSAGE_ENVELOPE_MAX) in base64, and room. */
#define CONTROL_REQUEST_MAX (22 * 1024) /* bytes */

/* Monitors, and somebody at a terminal; each holds an answer of some 300 KB at most. */
#define CONTROL_CLIENTS_MAX 16

/* Both ends are on this machine. */
#define CONTROL_PATIENCE_MS 5000

struct control_client;

struct control_server {
	uv_pipe_t pipe;
	struct service *service;
	uint64_t started_ms; /* monotonic */
	bool open;
	bool held; /* somebody waits for a place */
	struct control_client *clients;
	unsigned client_count; /* whose handles the loop has */
};

/* Listens at `path`; a socket left behind by a dead signer is replaced. ERR_IO, logged. */
enum err control_open(
    struct control_server *s, uv_loop_t *loop, const char *path, struct service *service) MUST_USE;

/* Ends it, and with it all that are connected. */
void control_close(struct control_server *s);

#endif
