/*
 * Session: the wire protocol with one collector, on top of a connection it does not know.
 *
 * Frames come in by session_on_frame; answers go to an output buffer that the owner sends. A bundle
 * whose components are all known is appraised and staged at once; else it waits for its parts. Its
 * receipt comes from the ledger, possibly after the connection is gone: the session lives on,
 * without output, until the last one has come.
 */
#ifndef HALLMARK_SIGNER_SESSION_SESSION_H
#define HALLMARK_SIGNER_SESSION_SESSION_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/ledger/ledger.h"
#include "signer/session/service.h"
#include "signer/session/session_output.h"

struct session;

/*
 * `identity` is copied; `chain`, the peer's certificates with its own first, is borrowed until
 * session_end. NULL for want of memory.
 */
struct session *session_new(struct service *service, uint64_t number, const char *identity,
    const STACK_OF(X509) * chain, const struct session_output *output);

/* The connection is gone: no more output. Frees the session now or with its last receipt. */
void session_end(struct session **s);

/*
 * Takes one frame's payload. Every error has been answered, counted and logged; one of class
 * STREAM means that the connection is to be closed once the answer is out.
 */
enum err session_on_frame(struct session *s, struct view payload) MUST_USE;

/* The frame itself is wrong (ERR_FRAME_SIZE): answers, counts, logs. */
void session_on_bad_frame(struct session *s, enum err e);

/* Whether it takes another frame now; if not, the owner stops reading until it is woken. */
bool session_has_room(struct session *s);

/* The hello has been taken. */
bool session_is_open(const struct session *s);

/* The peer was asked for components and has not sent them all: it has no reason to be silent. */
bool session_is_owed(const struct session *s);

/* Something is in flight: the peer has reason to be silent. */
bool session_is_waiting(const struct session *s);

/* For ledger_events. */
void session_on_receipt(void *waiter, const struct ledger_receipt *receipt, uint64_t arrived_us);
bool session_is_gone(void *waiter);
void session_release(void *waiter);

#endif
