/*
 * Challenges on the collector's side: what the signer wants measured now (message `measure`).
 *
 * Each workload has one at most; a newer one takes its place. It goes into the next bundle of its
 * workload that is measured from then on with a nonce, whatever that is measured for, and is done
 * with that attempt, whether it succeeds or not: the signer's asker waits for seconds, and asks
 * again.
 *
 * A signer may be in wrong hands. What it can have measured is bounded:
 *   - of one workload the next challenge is not begun before REPORTER_REST_MS after the last one
 *     was done with, however many come
 *   - it is measured in turn with what a round wants measured, and of a workload there is one
 *     measurement at a time: a round waits for each workload once at most
 *   - what is not configured here is passed over
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_CHALLENGE_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/evidence/bundle.h"

#define REPORTER_REST_MS 1000

/* Of one workload. Zero but for the name: none was ever asked for. */
struct reporter_challenge {
	const char *workload; /* its name; borrowed */
	uint8_t nonce[BUNDLE_CHALLENGE_MAX];
	size_t size;      /* bytes; 0: none waits */
	uint64_t due_ms;  /* from when on it may be measured, by interrupt_clock_ms */
	uint64_t rest_ms; /* until when none is, since the last one */
};

/* Of all that are configured, in that order. */
struct reporter_challenges {
	struct reporter_challenge *of;
	size_t count;
};

/* For client_events; the context is a struct reporter_challenges. */
void reporter_take_challenge(void *context, struct view workload, struct view challenge);

/* The session is over: what was asked in it is asked no more. */
void reporter_drop_challenges(struct reporter_challenges *all);

/*
 * The one that has waited longest: its workload, and when it is due. False if none waits but those
 * that are to be passed over, by workload; NULL: none.
 */
bool reporter_next_challenge(
    const struct reporter_challenges *all, const bool *passed, size_t *workload, uint64_t *due_ms);

/* An attempt with this one is over. If another one has come meanwhile, that waits. */
void reporter_end_challenge(
    struct reporter_challenge *c, const struct reporter_challenge *answered);

#endif
