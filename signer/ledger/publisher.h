/*
 * The thread that publishes: it writes sealed batches into tiles, replaces the checkpoint, and
 * brings the index up to date.
 *
 * Happy path of a job, in this order, each step on the disk before the next:
 *   1. entry bundles and hash tiles, full and partial, with one sync for all (store.h)
 *   2. `checkpoint`, by rename, then the log's directory
 *   3. partial tiles that are full now are removed, and pending files that are too many or too
 *      large to be written over
 *   4. the index, where it gets changes, in one transaction
 * Failure of 1 to 3 is final (ERR_IO; the ledger stops the process). What 1 has written is
 * harmless: tiles that no checkpoint names, whole or not, and that will be written again. When 2
 * begins all of them are on the disk, whichever checkpoint is found there later. Failure of 4 costs
 * nothing but a longer start; it is logged, and the index is left alone from then on. The same
 * steps run after a recovery, with the recovered batch as the first job.
 */
#ifndef HALLMARK_SIGNER_LEDGER_PUBLISHER_H
#define HALLMARK_SIGNER_LEDGER_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/err.h"
#include "signer/ledger/batch.h"
#include "signer/ledger/index_changes.h"
#include "signer/ledger/store/index.h"
#include "signer/ledger/store/store.h"

struct publisher;

struct publish_job {
	const struct batch
	    *batches;     /* in order of index, linked by `next`; not changed meanwhile */
	struct view note; /* checkpoint over the last of them */
	bool hurried; /* there is more to publish than there should be: see store_publish_begin */
	const struct index_changes *changes; /* since it was last given any; NULL: not now */
	struct index_state state;            /* of the index with them */
};

typedef void publisher_done(void *context, enum err result);

/* `size` leaves are published already. `index` is the thread's alone from here on. */
enum err publisher_new(uv_loop_t *loop, struct store *store, uint64_t size, struct log_index *index,
    publisher_done *done, void *context, struct publisher **out) MUST_USE;

/* One job at a time; everything it names must stay until `done`, which runs on the loop's thread.
 */
void publisher_submit(struct publisher *p, const struct publish_job *job);

/* Waits for the running job, ends the thread. `closed` is called when nothing of it is left. */
void publisher_close(struct publisher **p, void (*closed)(void *context), void *context);

#endif
