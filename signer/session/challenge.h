/*
 * Challenges: somebody who has to decide wants a workload measured now, and to see his own nonce in
 * the report, so that it cannot be an older one.
 *
 *   the asker                      this file                             the collector
 *     challenge_begin        ->      the session that last spoke for
 *                                    the workload is sent `measure`   ->   measures
 *                                    a bundle with this nonce in its  <-   bundle
 *                                    extensions was logged
 *     asker.answer           <-      its receipt has come             ->   receipt
 *
 * How it fails, each told to the asker by asker.answer:
 *   - nobody can be asked: no session of the collector is open, or it has no report of the workload
 *     in this log (ERR_NOT_CONNECTED, from challenge_begin)
 *   - the session ends before its answer: another one of the collector is asked instead, with what
 *     is left of the time; if there is none, ERR_NOT_CONNECTED
 *   - what the collector sends is refused, or it sends nothing: ERR_UNANSWERED when the time is
 *     over. Its report is logged all the same if it comes later
 *
 * A workload has one challenge at a time, whoever asks: for a report a collector does what the
 * round costs it, and the nonce of a second one would have to wait anyway. Only bundles that are
 * accepted while the challenge waits are looked at: fresh by the session's own nonce, and the next
 * of their chain.
 */
#ifndef HALLMARK_SIGNER_SESSION_CHALLENGE_H
#define HALLMARK_SIGNER_SESSION_CHALLENGE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/ledger/ledger.h"
#include "signer/session/session_state.h"

/* Measuring a large tree takes ten seconds; who waits longer for a decision has none. */
#define CHALLENGE_TIMEOUT_S 30

/* All that wait, whoever asked: one for each of as many workloads; some 200 bytes each. */
#define CHALLENGES_MAX 4096

/* Who asks, and is answered once, unless he withdraws or challenge_begin has failed. */
struct challenge_asker {
	/* ERR_OK with the receipt, which is valid during the call; or why there is none. */
	void (*answer)(void *context, uint64_t id, enum err e, const struct ledger_receipt *r);
	void *context;
	uint64_t id;      /* his own name for it */
	const char *name; /* for the log; lives as long as the challenge waits */
};

/*
 * `nonce` has BUNDLE_CHALLENGE_MIN to _MAX bytes and is copied. ERR_NOT_CONNECTED; ERR_IN_FLIGHT
 * if the workload has a challenge that waits; ERR_STORAGE and ERR_CLOCK while nothing is taken;
 * ERR_BUSY; ERR_MEMORY.
 */
enum err challenge_begin(struct service *s, struct view collector, struct view workload,
    struct view nonce, const struct challenge_asker *asker) MUST_USE;

/* The asker with this context is gone: he is not answered any more. */
void challenge_withdraw(struct service *s, const void *context);

/* A report of this bundle was staged, of a workload with a challenge: perhaps it answers that. */
void challenge_on_staged(struct service *s, const struct filing *f);

/* A receipt of a workload with a challenge: perhaps it is what the asker waits for. */
void challenge_on_receipt(struct service *s, const struct ledger_receipt *r);

/* A session that was asked, perhaps, is out of the roster. */
void challenge_on_session_end(struct session *s);

/* Answers those whose time is over. `now_ms` is of the monotonic clock. */
void challenge_expire(struct service *s, uint64_t now_ms);

#endif
