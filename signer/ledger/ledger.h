/*
 * The ledger: from an appraised report to a receipt that holds. Notices and absences are entries
 * of the same log and go the same way; nobody gets a receipt for them.
 *
 * Happy path of a report
 *   1. it is written into the open batch (ledger_entry_begin, ledger_report_end)
 *   2. at the end of the loop's turn (ledger_turn) the batch is sealed and the committer writes
 *      it into the pending file and syncs it; meanwhile the next batch collects. No timer is
 *      involved: idle, a batch is one report; under load it grows with the time a commit takes,
 *      or a signature if that takes much longer.
 *   3. the key process is asked for the checkpoint, with a consistency proof from the last one
 *   4. the receipts leave (events.receipt); reports that want a token are copied out, and each
 *      waits for its own, beside all that follows (ledger_tokens.c)
 *   5. within a second the batch is published: tiles, then `checkpoint`; then it is forgotten
 * Every batch goes through the states of batch.h, and at most one is in each of WRITING, WRITTEN
 * and SIGNING. While more tokens wait than can be made, a batch that nobody else waits for
 * stays WRITTEN a little longer and the next one grows: a checkpoint is a signature too.
 *
 * How it fails, and what follows
 *   - a write or a sync of 2: `fatal`. No receipt of that batch has left; whether the reports are
 *     on the disk is for recovery to see, which treats them as new.
 *   - any call of 5 on the log: `fatal`. Receipts have left; until the checkpoint is replaced, what
 *     they are for is in the pending files, and recovery publishes it. The index is a cache, and
 *     may fail (publisher.h).
 *   - key process down: batches wait in WRITTEN, the bound on reports in flight stops the reading
 *     of sockets. When it is back its state is either before or after the batch in question (the
 *     answer was lost); both are met by asking for the same checkpoint again. Tokens that were
 *     not answered are asked again, with proofs that the new process can check.
 *   - key process gives no token about a report: its receipt leaves without one.
 *   - key process refuses a tree, or comes back with a state that is neither: someone
 *     wrote to log or guard behind our back. `fatal`; nothing is ever signed over it.
 *   - kill -9 anywhere: before 2 is done, nobody was told; after, recovery finds the batch in the
 *     pending file, takes it through 3 and 5 by the same code, and a collector that asks again
 *     gets the receipt (ledger_receipt_again).
 *
 * Recovery (ledger_recover, before anything is accepted) reads checkpoint, tiles, pending files and
 * index, brings the chains of all workloads up to date, tells what notices there are
 * (ledger_replay.h), and leaves what was not published as one batch that is already written.
 */
#ifndef HALLMARK_SIGNER_LEDGER_LEDGER_H
#define HALLMARK_SIGNER_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "config/signer_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/ground/counters.h"
#include "signer/ledger/heads/workload.h"
#include "signer/ledger/ledger_events.h"
#include "signer/ledger/ledger_replay.h"
#include "trust/expiry.h"

struct evidence_store;
struct ledger;
struct log_index;
struct store;

/* What a ledger works on; all of it outlives the ledger. */
struct ledger_parts {
	struct store *store;
	struct log_index *index; /* the publisher's, from ledger_open on */
	struct evidence_store *evidence;
	struct workload_table *workloads;
	struct counters *counters;
	struct ledger_replay replay;
};

/*
 * Recovers what is in the store. The key process is started when that is through; `ready` follows.
 * On failure the reason has been logged.
 */
enum err ledger_open(uv_loop_t *loop, const struct signer_config *config,
    const struct ledger_parts *parts, const struct ledger_events *events,
    struct ledger **out) MUST_USE;

/* Whether another report may be staged; if not, `room` will be called. */
bool ledger_has_room(struct ledger *l);

/* Leaf hash of the workload's newest entry, made now if nothing has needed it yet. */
const struct digest *ledger_head_leaf(struct ledger *l, const struct workload *w);

/* The open batch's evidence, for evidence_add. */
struct buf *ledger_evidence(struct ledger *l);

/*
 * The receipt of a workload's newest report, logged or staged already: at once; when it is signed
 * (the waiter takes the place of one that is gone); or with its token, while the report is not over
 * and the policy still has one for it. ERR_IN_FLIGHT if somebody waits for it, ERR_BUSY if it has
 * to be published first, ERR_IO if what the log's files have of it does not lead to the checkpoint
 * any more, which is said. ERR_MEMORY.
 */
enum err ledger_receipt_again(
    struct ledger *l, const struct workload *w, const struct ledger_wanted *wanted) MUST_USE;

/* Whether the wall clock may be asked what is over. While not, receipts leave without a token. */
void ledger_trust_clock(struct ledger *l, bool trusted);

/* The time (iat) of the newest entry, staged or found by recovery; 0: there is none. */
uint64_t ledger_last_issued_s(const struct ledger *l);

/* Takes a new configuration, alike in all that names files and keys; the old one may go. */
void ledger_reconfigure(struct ledger *l, const struct signer_config *config);

/* To be called once at the end of each turn of the loop. */
void ledger_turn(struct ledger *l);

/* Calls `drained` when every staged report is answered and published. */
void ledger_drain(struct ledger *l, void (*drained)(void *context));

/* Ends threads and key process; `closed` when nothing is left. */
void ledger_close(struct ledger **l, void (*closed)(void *context), void *context);

/* For status. */
struct ledger_status {
	uint64_t size;             /* entries staged */
	uint64_t signed_size;      /* covered by a checkpoint */
	uint64_t published_size;   /* in the tiles */
	uint64_t in_flight;        /* reports without a receipt */
	size_t batch_bytes;        /* memory of batches: unpublished, and kept for reuse */
	uint64_t signature_age_ms; /* since the last checkpoint; UINT64_MAX: none yet */
	const char *key_process;
	int key_process_pid;
	const char *key_process_end; /* why the last one ended, or this one waits; may be empty */
};
void ledger_status(const struct ledger *l, struct ledger_status *out);

/* When the certificate of the log's key ends; its key is NULL until the key process has shown it.
 */
const struct expiry *ledger_certificate(const struct ledger *l);

#endif
