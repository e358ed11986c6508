/*
 * What the collector remembers, below the configured state directory:
 *
 *   lock                          held while a collector works with this directory
 *   last-log                      origin of the log that was last spoken to
 *   logs/<16 hex>/origin          a log; the name is the beginning of its origin's SHA-256
 *   logs/<16 hex>/<workload>.chain, .queue      collector/store/chain.h
 *   components/<sha256>           components of bundles that wait, and of the newest bundles: plain
 *                                 ones, and lists
 *   components/segments-<8 digits>              the segments of these lists (segment_store.h)
 */
#ifndef HALLMARK_COLLECTOR_STORE_STATE_H
#define HALLMARK_COLLECTOR_STORE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/component_list.h"

struct state;

/*
 * Opens and locks. ERR_CONFIG if another collector holds the lock, ERR_IO; with the trouble in
 * words. Sets *out to NULL first.
 */
enum err state_open(const char *path, struct state **out, struct trouble *t) MUST_USE;
void state_close(struct state **s);

/* Appends the origin of the last log; ERR_NOT_FOUND if there was none. */
enum err state_last_log(const struct state *s, struct buf *origin, struct trouble *t) MUST_USE;
enum err state_set_last_log(struct state *s, struct view origin, struct trouble *t) MUST_USE;

/*
 * Logs that there is room for: a site has a handful, and a signer in wrong hands another name each
 * time. Where there is none for one more, those that never gave a receipt go, but for the last.
 */
#define STATE_LOGS_MAX 64

/* Whether the log is known, or there is room for it. ERR_CONFIG, ERR_IO; with the trouble in words.
 */
enum err state_make_room(struct state *s, struct view origin, struct trouble *t) MUST_USE;

/* Opens the directory of a log; the caller closes it. ERR_MISMATCH if it is another log's. */
enum err state_open_log(struct state *s, struct view origin, int *dir, struct trouble *t) MUST_USE;

/*
 * Stores a component, durably, unless it is there; a list behind all its segments, which are
 * durable with it. ERR_NO_ROOM, ERR_IO (collector/store/savefile.h).
 */
enum err state_put_component(
    struct state *s, const struct digest *digest, struct view bytes, struct trouble *t) MUST_USE;
enum err state_put_segment(
    struct state *s, const struct digest *digest, struct view bytes, struct trouble *t) MUST_USE;

/*
 * How often segments were lost that were put until then, whosever they are, because there was no
 * room for the file of them: a list that is stored behind that may lack some of its own.
 */
uint64_t state_segments_lost(const struct state *s);

/* Opens a component for reading. ERR_NOT_FOUND, ERR_IO. */
enum err state_open_component(const struct state *s, const struct digest *digest, int *fd,
    uint64_t *size, struct trouble *t) MUST_USE;

/* The same of a segment, which stands in the file from `offset` on. */
enum err state_open_segment(const struct state *s, const struct digest *digest, int *fd,
    uint64_t *offset, uint64_t *size, struct trouble *t) MUST_USE;

/*
 * Appends a component that is a list, of which `out` has views then. ERR_NOT_FOUND,
 * ERR_IO, ERR_DIGEST if it was altered, ERR_COMPONENT_FORMAT if it is none, ERR_MEMORY. Sets *out
 * to NULL first.
 */
enum err state_read_list(const struct state *s, const struct digest *digest, struct buf *to,
    struct component_list **out, struct trouble *t) MUST_USE;

/* Removes one that proved wrong, with its segments, so that the next measurement stores it again.
 */
void state_drop_component(struct state *s, const struct digest *digest);

/* Bytes of all components that are stored; 0 where they cannot be looked at. */
uint64_t state_component_bytes(const struct state *s);

/*
 * Removes all components but those in `keep` (`count` of them) and those that a waiting bundle of
 * any log names, each with its segments, and what a crash left of saving one. What cannot be
 * removed stays, and costs room only.
 */
void state_sweep_components(struct state *s, const struct digest *keep, size_t count);

#endif
