/*
 * What the ledger tells whoever owns it: receipts above all.
 */
#ifndef HALLMARK_SIGNER_LEDGER_LEDGER_EVENTS_H
#define HALLMARK_SIGNER_LEDGER_LEDGER_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/tlog/merkle.h"
#include "signer/ledger/heads/workload.h"

/* Who wants a receipt, and with what. */
struct ledger_wanted {
	void *waiter;
	struct view tokens;  /* that are wanted: proto/wire/token_wants.h; size 0: none */
	uint64_t arrived_us; /* monotonic */
};

/* What a receipt says; views valid during the call. */
struct ledger_receipt {
	const struct workload *workload;
	uint64_t seq;
	uint64_t index;
	struct view report;
	const struct merkle_proof *proof;
	struct view note;
	size_t token_count; /* that were made: the JWS of each, in the order in which they are
			       wanted */
	const struct view *token;
};

struct ledger_events {
	/* The ledger has begun: guard and log agree, all that was pending is signed. */
	void (*ready)(void *context);
	/* A report's receipt. Called exactly once for each waiter, unless it was given up. */
	void (*receipt)(void *waiter, const struct ledger_receipt *receipt, uint64_t arrived_us);
	/* A notice is sealed: once for its waiter. */
	void (*noted)(void *waiter, uint64_t index);
	/* Nobody waits any more where `waiter` did (it is gone): may another take its place? */
	bool (*waiter_gone)(void *waiter);
	void (*waiter_release)(void *waiter);
	/* Whether there may be a token about this entry, when it is asked for and when it is there.
	 */
	bool (*may_vouch)(void *context, const struct workload *w, uint64_t index);
	/* There is room again after ledger_has_room said no. */
	void (*room)(void *context);
	/* Nothing can be acknowledged any more. The reason has been logged. */
	void (*fatal)(void *context);
	void *context;
};

#endif
