/*
 * Timestamps of each log's checkpoints, by an authority that is nobody's here (RFC 3161): an
 * outside time for all that was in the log before.
 *
 * A thread of its own asks: for a log's first checkpoint that was followed to its end, and then
 * every `every_s` for the newest if the log has grown. What was answered is checked (timestamp.h)
 * and kept in STATE/LOG/timestamps: SIZE.tsr, and behind it SIZE.note, the checkpoint to the byte,
 * so that where there is a note there is the reply to it. They are evidence and no cache: nothing
 * is removed, and what is there is not asked for again.
 *
 * An authority that does not answer, or with something else, holds up nothing; it is said once,
 * counted, and asked again later: after ten seconds, then twice as long each time, up to `every_s`.
 */
#ifndef HALLMARK_REGISTER_WITNESS_STAMPS_H
#define HALLMARK_REGISTER_WITNESS_STAMPS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/register_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "register/follow/followed.h"

struct stamps;

/*
 * Looks at what is kept, and begins; *out is NULL where the configuration names no authority. The
 * configuration must outlive it. What is wrong is said in the log.
 */
enum err stamps_start(const struct register_config *config, struct stamps **out) MUST_USE;

/* Nothing more is asked: what is under way is given up. From any thread; takes NULL. */
void stamps_let_go(struct stamps *s);

/* Lets go, and waits for the thread. */
void stamps_free(struct stamps **s);

/* Its listener. Not of NULL. */
struct followed_listener stamps_listener(struct stamps *s);

enum stamps_part { STAMPS_CHECKPOINT, STAMPS_REPLY };

/*
 * For whoever asks, from any thread: appends this part of the oldest that covers `size` entries or
 * more. ERR_NOT_FOUND: no such log, or none that large; ERR_IO, ERR_MEMORY.
 */
enum err stamps_find(struct stamps *s, struct view log, uint64_t size, enum stamps_part part,
    struct buf *to) MUST_USE;

/* Appends what is counted, as lines of /metrics. From any thread. */
void stamps_write_metrics(void *stamps, struct buf *to);

#endif
