/*
 * A walk, written down so that another one goes on from where it is: chains and their dues, who
 * vouched, and counts, as canonical MessagePack. What follows from the log's notices stands in the
 * log, and is followed again from there: there are few of them.
 *
 * What it says is believed: it is whoever froze it who has to know that nobody else wrote it, and
 * of which log, under which trust. What cannot be such a walk is refused.
 *
 * Not in it: names that are not known to this version (log/walk/unknowns.h), which decide nothing.
 */
#ifndef HALLMARK_LOG_WALK_WALK_FROZEN_H
#define HALLMARK_LOG_WALK_WALK_FROZEN_H

#include <stdint.h>

#include "log/walk/walk.h"
#include "proto/bytes.h"

/*
 * Appends it. ERR_UNSUPPORTED where something in the log was not understood, so that nothing behind
 * it is certain: such a log is walked from its first entry. ERR_MEMORY.
 */
enum err walk_freeze(const struct walk *w, struct buf *to) MUST_USE;

/* Appends entry `index` of the log, proved to be in it. */
typedef enum err walk_read(void *context, uint64_t index, struct buf *to);

/*
 * Into a new walk over the same log, wanted the same: it goes on behind what was frozen. Reads the
 * log's notices, and the entry before each. ERR_FORMAT; the errors of `read`; ERR_MISMATCH: the
 * notices are not those that were frozen, or what they say cannot be followed. After an error the
 * walk is good for nothing.
 */
enum err walk_thaw(struct walk *w, struct view frozen, walk_read *read, void *context) MUST_USE;

/* The index of the next entry. */
uint64_t walk_next(const struct walk *w);

#endif
