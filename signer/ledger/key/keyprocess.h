/*
 * The signer's side of the key process, over all its lives (keylife.h): starts it (or connects to
 * it), asks, and replaces it.
 *
 * Happy path: start, the process sends its state and certificates (`ready`), requests go out and
 * answers come back, each with what its request was about, in any order; certificates that were
 * renewed come between them (`renewed`). Every failure but one has
 * one reaction: the process is killed (or the connection closed), `down` is called once, and a
 * fresh one is started after a back-off:
 *   - it ends, or closes the channel: token gone, crash, kill -9
 *   - it cannot be started: no program, no descriptor, no memory, no thread to wait for it
 *   - it says nothing for `deadline_ms` while an answer is due: the module hangs
 *   - it sends bytes that are not an answer, or an answer that nobody asked for
 *   - it answers neither with what was asked nor with a refusal (keychannel_is_decision): its token
 *     is lost, after which no login or handle holds, the guard's state cannot be written, or memory
 *     ran out
 * Whoever asked asks again after the next `ready`: what is unanswered (unanswered.h) ends with the
 * life that it was asked of. Why that ended is logged, and kept for status.
 *
 * The one failure that no fresh process can do better about is a PIN that the token refuses: the
 * process says so and stays, and nothing is started or killed until an operator has acted, which it
 * notices itself and ends.
 */
#ifndef HALLMARK_SIGNER_LEDGER_KEY_KEYPROCESS_H
#define HALLMARK_SIGNER_LEDGER_KEY_KEYPROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "config/signer_config.h"
#include "proto/wire/keychannel.h"
#include "signer/ground/counters.h"

struct keyprocess;

struct keyprocess_events {
	/* A process is there: the guard's state and what it says of its key. */
	void (*ready)(
	    void *context, uint64_t size, const struct digest *root, struct view certificates);
	/* It says that anew, in the middle of its life. */
	void (*renewed)(void *context, struct view certificates);
	/* The answer to a request; `about` is what keyprocess_request was given with it. */
	void (*answer)(void *context, void *about, const struct keychannel_answer *answer);
	/* All answers that came with one read were given. */
	void (*answered)(void *context);
	/* It is gone; requests without an answer will get none. */
	void (*down)(void *context);
	void *context;
};

/* Starts the first process; each start is counted. What it is given must outlive it. ERR_MEMORY. */
enum err keyprocess_new(uv_loop_t *loop, const struct signer_config *config,
    struct counters *counters, const struct keyprocess_events *events,
    struct keyprocess **out) MUST_USE;

/* Ends the process and closes all handles; `closed` is called when nothing of it is left. */
void keyprocess_close(struct keyprocess **k, void (*closed)(void *context), void *context);

/* Takes a new configuration, from the next start and the next deadline on; the old one may go. */
void keyprocess_reconfigure(struct keyprocess *k, const struct signer_config *config);

bool keyprocess_is_ready(const struct keyprocess *k);

/*
 * Asks (the request's `id` is set here). Only while ready, and never so that more than
 * KEYCHANNEL_UNANSWERED_MAX are without an answer. What was asked is sent by keyprocess_flush: many
 * requests are one write.
 */
void keyprocess_request(struct keyprocess *k, struct keychannel_request *request, void *about);
void keyprocess_flush(struct keyprocess *k);

/*
 * "up", "starting", "down" or "halted", which waits for an operator; pid or 0; why the last one
 * ended, or this one waits: printable ASCII, empty if none has. For status.
 */
const char *keyprocess_state_name(const struct keyprocess *k);
int keyprocess_pid(const struct keyprocess *k);
const char *keyprocess_end(const struct keyprocess *k);

#endif
