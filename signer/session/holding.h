/*
 * Memory for evidence that is on its way in: what is being received, the bundles that wait for it,
 * and what is known of what is awaited. Bounded over the whole signer by
 * limits.evidence_pending_bytes.
 *
 * Of the second half each collector has a share over one connection at a time: whoever is slow with
 * many does not keep out the others.
 */
#ifndef HALLMARK_SIGNER_SESSION_HOLDING_H
#define HALLMARK_SIGNER_SESSION_HOLDING_H

#include "signer/session/session_state.h"

/* A component, and what is known of its list: bytes. */
#define HOLDING_SHARE_MAX (2 * COMPONENT_SIZE_MAX)

/* ERR_BUSY: nothing is taken. */
enum err holding_take(struct session *s, uint64_t bytes) MUST_USE;

/* What nobody has taken, for as long as nobody is let in: bytes. */
uint64_t holding_room(const struct service *s);

/* Gives back what was taken. */
void holding_give(struct session *s, uint64_t bytes);

#endif
