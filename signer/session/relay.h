/*
 * Relays: who decides by what the log says is often elsewhere (a register). Connections of the
 * certificate names in `relays:` of signer.yaml bring requests, each with an id of its own, and no
 * evidence. How much a relay may ask is counted for its name, over all of its connections.
 */
#ifndef HALLMARK_SIGNER_SESSION_RELAY_H
#define HALLMARK_SIGNER_SESSION_RELAY_H

#include "proto/wire/message.h"
#include "signer/session/session_state.h"

struct relays;

struct relays *relays_new(void); /* NULL: no memory */
void relays_free(struct relays **r);

/*
 * A challenge: answered by `challenged`, or refused, sooner or later. Every error has been
 * answered, as in session_on_frame.
 */
enum err relay_on_challenge(struct session *s, const struct message_challenge *m) MUST_USE;

/* A statement: answered by `noted` when it is in the log, or refused. As relay_on_challenge. */
enum err relay_on_statement(struct session *s, const struct message_statement *m) MUST_USE;

/* The relay is gone; what it waits for is not for it any more. */
void relay_end(struct session *s);

#endif
