/*
 * Refusals: the one place where a collector is refused. Each is answered with its code and a
 * sentence, counted and logged; one of class STREAM loses the session.
 */
#ifndef HALLMARK_SIGNER_SESSION_REFUSAL_H
#define HALLMARK_SIGNER_SESSION_REFUSAL_H

#include "signer/session/session_state.h"

/*
 * `f` is the bundle that it is about: the answer names it, says where its chain stands and has a
 * nonce for the next one. NULL if it is about the connection.
 */
void refusal_give(struct session *s, enum err e, const struct filing *f);

/* About a relay's request. */
void refusal_give_request(struct session *s, enum err e, uint64_t id);

/* Of a bundle that cannot be read: says at which key, if at one of them. */
void refusal_give_unreadable(struct session *s, enum err e, struct view bundle);

#endif
