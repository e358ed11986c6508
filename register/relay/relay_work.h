/*
 * One question on its way to a signer, in a thread of its own: asked, judged, answered in JSON.
 */
#ifndef HALLMARK_REGISTER_RELAY_RELAY_WORK_H
#define HALLMARK_REGISTER_RELAY_RELAY_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/register_config.h"
#include "proto/bytes.h"
#include "register/front/response.h"
#include "register/relay/challenge_body.h"

/* X(identifier, word) */
#define RELAY_RESULT_MAP(X)                                                                        \
	X(RELAY_ANSWERED, "answered")                                                              \
	X(RELAY_REFUSED, "refused")                                                                \
	X(RELAY_UNANSWERED, "unanswered")

#define RELAY_ENUM(identifier, word) identifier,
enum relay_result { RELAY_RESULT_MAP(RELAY_ENUM) RELAY_RESULTS };
#undef RELAY_ENUM

struct relay_counts {
	atomic_ullong challenges[RELAY_RESULTS], statements[RELAY_RESULTS];
};

struct relay_work {
	const struct register_log *log;
	struct relay_counts *counts;
	uint64_t deadline_ms; /* CLOCK_MONOTONIC */
	bool is_challenge;
	struct challenge_body body; /* of a challenge: which workload, and the nonce */
	struct buf envelope;        /* of a statement */
};

/* A `run` and a `free` of struct errand. */
void relay_work_run(void *work, struct response *out);
void relay_work_free(void *work);

#endif
