/*
 * Everything that is in hand of logs - receipts, checkpoints, a copy - held against each other: can
 * all of it be of logs that only grew. What cannot is a fork, and proved (proto/tlog/forkproof.h).
 *
 * Two of them are of one history if the older tree is how the newer one began. Receipts show more
 * of their trees than the entry: the subtrees beside it (proto/tlog/merkle_known.h). So two files
 * often decide it alone; with a copy of the log its tiles always do, as far as it goes.
 *
 * Of thousands of receipts each is looked at once: what one of them shows is kept under its place.
 */
#ifndef HALLMARK_LOG_HISTORY_H
#define HALLMARK_LOG_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "log/anchor.h"
#include "log/log_reader.h"
#include "proto/bytes.h"

struct history;

/* Two that cannot both be true. */
struct history_fork {
	const struct anchor *older, *newer; /* by size; in the order of the proof */
	char *text;                         /* for people */
	struct buf proof;                   /* a fork proof */
};

struct history *history_new(void); /* NULL for want of memory */
void history_free(struct history **h);

/* Takes it, whatever comes out, and holds it against all before it. ERR_MEMORY. */
enum err history_add(struct history *h, struct anchor *a) MUST_USE;

size_t history_count(const struct history *h);

/* Of how many logs they are. */
size_t history_log_count(const struct history *h);

/* The first that was found; NULL: none was. */
const struct history_fork *history_fork(const struct history *h);

/*
 * Holds the anchor, which is one of its own, against the tiles of a copy of the log, which is one
 * too (`copy`). ERR_OK: the copy has the anchor's tree as its beginning. ERR_NOT_FOUND: the copy is
 * smaller, and as far as it goes nothing says otherwise. ERR_PROOF: a fork, which is kept if it is
 * the first. Other errors: tiles could not be read, or are not what was signed.
 */
enum err history_hold(struct history *h, const struct anchor *a, const struct log_reader *l,
    const struct anchor *copy) MUST_USE;

/*
 * False where what is in hand cannot tell whether all of it is of one history each; gives the two
 * neighbours by size of which it is not told. Where there is a fork it says nothing.
 */
bool history_is_told(
    const struct history *h, const struct anchor **older, const struct anchor **newer);

#endif
