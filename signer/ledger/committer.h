/*
 * The thread that makes a batch durable: it writes and syncs, and does nothing else.
 *
 * fdatasync blocks for as long as the disk likes, so it has a thread of its own (libuv's pool is
 * shared and cannot be relied on). One job at a time: the ledger gives the next one after `done`.
 *
 * A failure is final: the job ends with ERR_IO, and the ledger stops the process without another
 * receipt.
 */
#ifndef HALLMARK_SIGNER_LEDGER_COMMITTER_H
#define HALLMARK_SIGNER_LEDGER_COMMITTER_H

#include <uv.h>

#include "proto/err.h"
#include "signer/ledger/store/store.h"

struct committer;

typedef void committer_done(void *context, enum err result);

/* `done` is called on the loop's thread. */
enum err committer_new(uv_loop_t *loop, struct store *store, committer_done *done, void *context,
    struct committer **out) MUST_USE;

/* Views and strings of the job must stay alive until `done`. */
void committer_submit(struct committer *c, const struct store_commit_job *job);

/* Waits for the running job, ends the thread. `closed` is called when nothing of it is left. */
void committer_close(struct committer **c, void (*closed)(void *context), void *context);

#endif
