/*
 * Components on their way in: bundles wait here until the evidence store has all they name.
 *
 * One component at a time is received, its parts in order. When its last byte is there it must
 * hash to its name and be canonical; then every bundle that waited for it goes on. If lists are
 * among what a bundle names, it asks once more, for the segments that the store lacks, and waits
 * for these. A component or segment that fails takes the bundles that waited for it down with it,
 * and nothing else. When the storage becomes low, all that wait are refused with what comes next.
 *
 * A peer that sends ahead hears of a refusal when the rest of what was asked for is on its way.
 * That is passed over: it knows what its bundle was refused for.
 */
#ifndef HALLMARK_SIGNER_SESSION_UPLOAD_H
#define HALLMARK_SIGNER_SESSION_UPLOAD_H

#include "signer/session/appraiser.h"
#include "signer/session/session_state.h"

/* Keeps a copy of the bundle and asks for what is missing. ERR_BUSY, ERR_MEMORY: nothing is kept.
 */
enum err upload_await(struct session *s, const struct filing *f,
    const struct appraiser_components *components) MUST_USE;

/* A part of a component. Every error has been answered, as in session_on_frame. */
enum err upload_on_part(struct session *s, const struct message_part *m) MUST_USE;

/* Lets go of all that waits, unanswered. */
void upload_end(struct session *s);

#endif
