/*
 * Sockets by which processes get the tokens of the workload that they belong to, and nobody else
 * does (PROTOCOL.md, "Tokens", has what is said).
 *
 * A visitor is taken for the process that wrote the request, pinned by a pidfd:
 *   1. who connected has a number (SO_PEERCRED); it is pinned, and then given a nonce;
 *   2. the request has that nonce, so it was written behind that, and the kernel says by whom
 *      (SCM_CREDENTIALS): by the same number;
 *   3. the process of that number is found to be one of the workload's (kin.h);
 *   4. it has not ended until then: so it was one and the same all the time, and no other that was
 *      given its number, nor one that was handed the socket.
 *
 * Each refusal is counted. Who is nobody's costs a look at all processes: his user has the next one
 * DESK_REST_MS later, and others meanwhile. One that says nothing is forgotten.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_DESK_H
#define HALLMARK_COLLECTOR_TOKENS_DESK_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/tokens/desk_visitor.h"
#include "collector/tokens/giver_channel.h"
#include "collector/tokens/shelf.h"
#include "config/collector/collector_config.h"

#define DESK_VISITORS_MAX 64   /* at once */
#define DESK_OF_USER_MAX  8    /* of them, of one user */
#define DESK_PATIENCE_MS  3000 /* for a request, and for the look at processes */
#define DESK_REST_MS      200
#define DESK_RESTING_MAX  64 /* users that are remembered */

struct desk {
	const struct shelf *shelf; /* borrowed; its configuration is ours */
	struct giver_counts *counts;
	int kin;        /* -1: it is gone, and nobody gets anything */
	int *listening; /* by workload; -1: none */
	size_t listening_count;
	uint32_t number; /* of the newest question to kin */
	bool is_asked;   /* it has no answer */
	size_t asked;    /* the visitor that it is about, if still there */
	uint64_t order;  /* of the newest visitor */
	struct desk_visitor visitor[DESK_VISITORS_MAX];
	struct {
		uid_t user;
		uint64_t until_ms;
	} resting[DESK_RESTING_MAX];
};

/*
 * Listens, in place of whatever was left behind, before rights are given up. `kin` is the channel
 * to it. ERR_IO, ERR_MEMORY; to be ended in any case.
 */
enum err desk_begin(
    struct desk *d, const struct collector_config *config, int kin, struct trouble *t) MUST_USE;
void desk_end(struct desk *d, const struct collector_config *config);

/*
 * Another configuration is on the shelf: sockets go over to it by name and path. ERR_CONFIG: one
 * that was not there at the start takes a restart.
 */
enum err desk_move(struct desk *d, const struct collector_config *old, struct trouble *t) MUST_USE;

/* What it waits for: at most DESK_FDS_MAX and as many as there are workloads; how many. */
#define DESK_FDS_MAX (1 + DESK_VISITORS_MAX)
size_t desk_fds(const struct desk *d, struct pollfd *fds);

/* The same, behind poll(2). And what the time brings; when the next of that is, UINT64_MAX: never.
 */
void desk_serve(struct desk *d, const struct pollfd *fds, uint64_t now_ms);
uint64_t desk_tend(struct desk *d, uint64_t now_ms);

#endif
