/*
 * Statements that somebody submits: judged, kept, put into the log as a notice, and acted on.
 *
 *   whoever submits                this file                          the ledger
 *     statements_submit      ->      judges it; a notice is staged  ->  durable, sealed
 *     submitter.answer       <-      with the notice's index        <-
 *
 * Refused, nothing of it is left. The signer only relays: who may state what is in the manifest
 * that is in force, and an auditor judges it again.
 */
#ifndef HALLMARK_SIGNER_SESSION_STATEMENTS_H
#define HALLMARK_SIGNER_SESSION_STATEMENTS_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "signer/session/service.h"

/* Who submits, and is answered once, unless he withdraws or statements_submit has failed. */
struct statements_submitter {
	void (*answer)(void *context, uint64_t id, const struct digest *statement, uint64_t index);
	void *context;
	uint64_t id;      /* his own name for it */
	const char *name; /* for the log; valid during the call */
};

/*
 * The codes 220 to 229 as the statement is judged; ERR_STORAGE and ERR_BUSY while nothing can be
 * taken; ERR_MEMORY.
 */
enum err statements_submit(
    struct service *s, struct view envelope, const struct statements_submitter *submitter) MUST_USE;

/* The submitter with this context is gone: he is not answered any more. */
void statements_withdraw(struct service *s, const void *context);

/* For ledger_events. */
void statements_on_noted(void *waiter, uint64_t index);

/* Forgets who waits, unanswered. */
void statements_free(struct service *s);

#endif
