/*
 * What a connection has read goes to the ledger's loop by whole frames, as far as there is room.
 */
#ifndef HALLMARK_SIGNER_FRONT_CONN_FRAMES_H
#define HALLMARK_SIGNER_FRONT_CONN_FRAMES_H

#include "signer/front/conn_state.h"

/*
 * Hands over whole frames of what was kept and `bytes`, as long as there is room; keeps the rest.
 * Whether there is room for more is in has_room. ERR_MEMORY: of what the peer sent something is
 * lost, and it cannot go on.
 */
enum err conn_take_frames(struct conn *c, struct view bytes) MUST_USE;

bool conn_has_room(const struct conn *c);

#endif
