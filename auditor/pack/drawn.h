/*
 * What a pack proves by itself: receipts of entries under the log's checkpoint, which of them were
 * drawn, and that the log only grew since the period's beginning.
 *
 * Samples are drawn by the checkpoint's root, which nobody chose: of the entries from `first` on,
 * `count` of them, sample i (from 0) is first + (the first 8 bytes, big-endian, of
 * SHA-256(root, i in 8 bytes)) mod count. What is no report is passed over.
 */
#ifndef HALLMARK_AUDITOR_PACK_DRAWN_H
#define HALLMARK_AUDITOR_PACK_DRAWN_H

#include <stddef.h>
#include <stdint.h>

#include "auditor/pack/parcel.h"
#include "log/log_reader.h"

#define DRAWN_SAMPLES  25    /* as assessors take of a control that runs daily or more often */
#define DRAWN_TRIES    1000  /* before a log with few reports is given up */
#define DRAWN_RECEIPTS 10000 /* in a pack, of some KB each; beyond that they are counted */

/* Zero-initialised: entries whose receipts are in the pack, in the order in which they came. */
struct drawn {
	uint64_t *index; /* owned */
	size_t count;
	uint64_t left_out;
};

/* One more, unless it is there. ERR_MEMORY. */
enum err drawn_add(struct drawn *d, uint64_t index) MUST_USE;
void drawn_free(struct drawn *d);

/* Draws reports of these entries; appends the samples' numbers to `list`, a line each. */
enum err drawn_sample(struct drawn *d, const struct log_reader *l, uint64_t first, uint64_t count,
    struct buf *list) MUST_USE;

/* receipts/entry-N.tlog-proof of each. ERR_PROOF and the errors of reading. */
enum err drawn_put_receipts(
    const struct drawn *d, const struct log_reader *l, struct parcel *to) MUST_USE;

/* checkpoints/end.txt, start.txt (origin, size, root) and consistency.txt. Likewise. */
enum err drawn_put_growth(const struct log_reader *l, uint64_t size, struct parcel *to) MUST_USE;

#endif
