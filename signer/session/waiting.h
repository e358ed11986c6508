/*
 * Bundles of a session that wait for evidence, oldest first, and what each of them lacks.
 */
#ifndef HALLMARK_SIGNER_SESSION_WAITING_H
#define HALLMARK_SIGNER_SESSION_WAITING_H

#include "signer/session/session_state.h"

/*
 * Segments that a connection may wait for: of 65 lists of a million items each, cut as names do it
 * by chance, or of two that somebody has chosen the names of.
 */
#define WAITING_SEGMENTS_MAX (2 * COMPONENT_SEGMENTS_MAX)

/*
 * A copy of the bundle, which lacks nothing yet; its workload is busy from now on. ERR_MEMORY;
 * ERR_BUSY if there is no room for it (holding.h).
 */
enum err waiting_add(struct session *s, const struct filing *f, struct waiting **out) MUST_USE;

/* Frees it; its workload is not busy any more, and may be of use to nobody. */
void waiting_remove(struct session *s, struct waiting *w);

/*
 * It lacks these segments (moved, also on an error). ERR_BUSY if they are too many, or there is no
 * room to remember them (holding.h); ERR_COMPONENT_FORMAT if a list, of the kind that goes to
 * `culprit`, has one twice.
 */
enum err waiting_set_segments(struct session *s, struct waiting *w,
    struct waiting_segment *segments, size_t count, enum component_kind *culprit) MUST_USE;

/*
 * Whether a bundle, or any of them, waits for what has this digest from this connection; `as`
 * (unless NULL): what it says of it. That another connection may have brought it meanwhile changes
 * nothing: its parts are on their way here too.
 */
bool waiting_lacks(const struct waiting *w, const struct digest *digest, struct awaited *as);
bool waiting_any_lacks(const struct session *s, const struct digest *digest, struct awaited *as);

/* Notes that it came; true if that was the last that the bundle lacked. */
bool waiting_take(struct waiting *w, const struct digest *digest);

/* Bytes of all that it lacks. */
uint64_t waiting_lacking_bytes(const struct waiting *w);

#endif
