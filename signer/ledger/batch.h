/*
 * A batch: the entries that share one group commit and one signature.
 *
 * Its bytes are at once the record that is committed (record.h) and, between the record's header
 * and trailer, what goes into the log's entry bundles.
 */
#ifndef HALLMARK_SIGNER_LEDGER_BATCH_H
#define HALLMARK_SIGNER_LEDGER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/merkle.h"
#include "signer/ledger/heads/workload.h"
#include "signer/ledger/store/notice_row.h"
#include "signer/ledger/store/record.h"

/*
 * The life of a batch, as a table in batch.c. A move that the table lacks is a broken invariant.
 *
 *   OPEN      takes entries
 *   WRITING   sealed; the committer writes it to evidence and pending, and syncs them
 *   WRITTEN   durable; waits for the key process
 *   SIGNING   the checkpoint is asked for
 *   SEALED    the checkpoint is there, receipts have left, reports that wait for a JWS were copied
 *             out (ledger_tokens.c); waits for publication
 *   PUBLISHED in the tiles; may be forgotten
 */
enum batch_state {
	BATCH_OPEN,
	BATCH_WRITING,
	BATCH_WRITTEN,
	BATCH_SIGNING,
	BATCH_SEALED,
	BATCH_PUBLISHED,
	BATCH_STATES,
};

/* What an entry that is no report changes: it is a notice, or heads of absent workloads move. */
struct batch_changes {
	struct notice_row notice; /* where `count` is 0 */
	size_t count;
	struct workload_update absent[];
};

struct batch_entry {
	size_t offset;                 /* of the entry in `bytes` */
	uint32_t size;                 /* of the entry */
	char *tokens;                  /* that are wanted, owned; NULL: none */
	bool answered;                 /* its receipt has left, or is ledger_tokens.c's affair */
	uint64_t arrived_us;           /* monotonic; for the latency */
	void *waiter;                  /* whose answer it is; NULL: nobody's */
	struct workload_update update; /* of a report */
	struct batch_changes *changes; /* of another entry, owned; NULL: it is a report */
};

struct batch {
	enum batch_state state;
	bool ends_key;  /* its last entry is a key notice: its checkpoint is the key's last */
	uint64_t first; /* index of the first entry */
	size_t count;
	size_t token_count; /* entries that want a token */
	size_t owner_count; /* entries with a token or changes */
	size_t capacity;
	struct batch_entry *entry;
	struct digest *leaf; /* of the first `hashed` entries; their heads have it, too */
	size_t hashed;
	struct buf bytes;          /* a record, which batch_seal ends */
	struct merkle_batch *tree; /* from the last signed state to the end of this batch */
	struct digest root;        /* from BATCH_WRITING on */
	struct buf evidence;       /* pack records to be made durable before the entries */
	struct buf note;           /* signed checkpoint, from BATCH_SEALED on */
	uint64_t began_us;         /* of the present state; for the latencies */
	struct batch *next;        /* in the list of the unpublished */
};

/* NULL for want of memory. A new batch is open and empty and begins at `index`. */
struct batch *batch_new(uint64_t index);
void batch_free(struct batch **b);

/* Empty again, open, with its memory. */
void batch_reset(struct batch *b, uint64_t index);

void batch_move(struct batch *b, enum batch_state to);

/*
 * An entry is written straight into the batch: append it to the returned buffer, then call
 * batch_entry_end, or batch_entry_cancel to leave no trace.
 */
struct buf *batch_entry_begin(struct batch *b);
enum err batch_entry_end(struct batch *b, struct batch_entry **out) MUST_USE;
void batch_entry_cancel(struct batch *b);

/* From malloc, or NULL: they are the batch's from here on. */
void batch_entry_own(
    struct batch *b, struct batch_entry *entry, char *tokens, struct batch_changes *changes);

/* All the memory that it holds, used or not. */
size_t batch_bytes(const struct batch *b);

/* The bytes of an entry, as a borrowed view. */
struct view batch_entry_view(const struct batch *b, size_t entry);

/* `count` (at least 1) entries from `first` on, each behind its be16 length. */
struct view batch_run(const struct batch *b, size_t first, size_t count);

/*
 * Hashes all entries in it as leaves, and gives the heads of reports theirs: many at once cost half
 * of one by one.
 */
void batch_hash(struct batch *b);

/*
 * Closes the batch: hashes what is not hashed, computes the tree on top of `old` and writes header,
 * trailer and end mark. The batch moves to BATCH_WRITING. `new_frontier` is the tree with the
 * batch. `old` is the last signed tree; after a recovery it may hold some of the batch's entries
 * already, which are then not added again.
 */
enum err batch_seal(struct batch *b, const struct merkle_frontier *old,
    struct merkle_frontier *new_frontier) MUST_USE;

#endif
