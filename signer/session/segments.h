/*
 * Asking for segments: of the lists that a bundle names and the store has, those that it lacks.
 */
#ifndef HALLMARK_SIGNER_SESSION_SEGMENTS_H
#define HALLMARK_SIGNER_SESSION_SEGMENTS_H

#include "signer/session/appraiser.h"
#include "signer/session/session_state.h"

/*
 * By one want, of the lists under `components->incomplete`. What another bundle of this connection
 * has been asked for already is awaited, and not asked for again. ERR_COMPONENT_FORMAT for a list
 * that cannot be one, or is not what the bundle says; ERR_BUSY if it could not be held
 * (holding.h) or judged, or the store has changed meanwhile; ERR_MEMORY. On an error nothing was
 * asked for.
 */
enum err segments_ask(
    struct session *s, struct waiting *w, const struct appraiser_components *components) MUST_USE;

#endif
