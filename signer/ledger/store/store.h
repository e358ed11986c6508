/*
 * The ledger's store: it makes a batch of reports durable, publishes it, and reads it again.
 *
 * This is all that the ledger knows of where its log lies (evidence.h and index.h beside it). The
 * form behind it is a directory: tiles and `checkpoint` as C2SP tlog-tiles has them, and pending
 * files. What it is made of (pending.h, tilewriter.h, tilestore.h, diskfile.h) is nobody else's, so
 * that another form can stand behind the same functions, if it keeps what the ledger builds on:
 *   - what store_commit took is found by store_recover, after any crash, until it was published
 *   - a checkpoint that can be read names nothing that cannot be read
 *   - a write that failed is final (ERR_IO): it is not tried again, and what it was to make durable
 *     counts as unknown until the next start
 *
 * Threads. One of them commits (store_commit) and one publishes (store_publish_open, _room, _add
 * and store_publish); all else is the loop's. Jobs go from thread to thread, one at a time each.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_STORE_H
#define HALLMARK_SIGNER_LEDGER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/merkle.h"

struct store;

/*
 * Opens the directory (made if absent) and locks it against other processes until it is closed.
 * ERR_IO if one of them has it; ERR_MEMORY.
 */
enum err store_open(const char *directory, struct store **out) MUST_USE;
void store_close(struct store **s);

/*
 * Recovery. The checkpoint, appended to `to`: ERR_NOT_FOUND where nothing was ever published,
 * ERR_FORMAT_SIZE if it is too large for one.
 */
enum err store_read_checkpoint(const struct store *s, struct buf *to) MUST_USE;

/*
 * What was committed and not published: gives `take` each report behind the tree of `*tree`, in
 * order, and brings the tree up to the last of them. Each batch is proved by its root first. What a
 * crash cut off at the end is passed over; if anything else is missing, that is said: ERR_FORMAT.
 */
enum err store_recover(struct store *s, struct merkle_frontier *tree,
    enum err (*take)(void *context, struct view report), void *context) MUST_USE;

/*
 * Makes what was recovered fit to be relied on, and takes away what was passed over. Only when
 * guard and log agree: until then the unfinished batch may be a damaged one that was signed.
 */
enum err store_mend(struct store *s) MUST_USE;

/* One group commit. Views and strings must stay until it is done. */
struct store_commit_job {
	struct view evidence; /* pack records; may be empty */
	const char *pack;     /* where they go: evidence_pack_path */
	struct view record;   /* one batch (record.h); may be empty */
	const char *file;     /* where it goes: by store_stage */
	uint64_t offset;      /* there, bytes */
};

/* Finds the place of the next batch, which begins with report `first`, and puts it into the job. */
void store_stage(struct store *s, uint64_t first, struct view record, struct store_commit_job *job);

/* Evidence first, then the reports that rely on it: with ERR_OK both are on the disk. ERR_IO. */
enum err store_commit(struct store *s, const struct store_commit_job *job) MUST_USE;

/*
 * Before and after a publication up to `size`: what was staged up to there is not needed any more
 * once it is done. `all`: nothing was staged behind it.
 */
void store_retire_begin(struct store *s, uint64_t size, bool all);
void store_retire_end(struct store *s);

/*
 * Before the first publication; `size` reports are published already. ERR_IO, ERR_NOT_FOUND or
 * ERR_FORMAT_SIZE if the log's end cannot be read; ERR_MEMORY.
 */
enum err store_publish_open(struct store *s, uint64_t size) MUST_USE;

/*
 * A publication: begin, add in as many steps as the room asks for, publish. One that is not
 * `hurried` lets other threads run after each of its writes, and is late by as much wherever they
 * are always busy.
 */
void store_publish_begin(struct store *s, bool hurried);

/* How many reports the next step may add, 1 to 256. */
size_t store_publish_room(const struct store *s);

/* Adds `count`, each behind its be16 length; they must stay until store_publish returns. */
enum err store_publish_add(
    struct store *s, struct view entries, const struct digest *leaf, size_t count) MUST_USE;

/*
 * In this order, each on the disk before the next: what was added, then the checkpoint over it (a
 * signed note); then what is retired goes. ERR_IO.
 */
enum err store_publish(struct store *s, struct view checkpoint) MUST_USE;

/* At a clean end: what is of no use to the next start goes. `all`: all that was staged. */
void store_tidy(struct store *s, bool all);

/* The published log of `size` reports, read. */
struct store_tree {
	const struct store *store;
	uint64_t size;
};

/* A merkle_read; `context` is a struct store_tree. ERR_NOT_FOUND, ERR_FORMAT_SIZE, ERR_IO. */
enum err store_read_node(
    void *context, unsigned level, uint64_t index, struct digest *out) MUST_USE;

/*
 * Appends 256 entries, those of entry bundle `bundle`, in its be16 framing; at the log's end at
 * least as many as the size says (a reader takes those and leaves the rest).
 */
enum err store_read_entries(const struct store_tree *t, uint64_t bundle, struct buf *to) MUST_USE;

/* Appends entry `index` itself. */
enum err store_read_entry(const struct store_tree *t, uint64_t index, struct buf *to) MUST_USE;

/* Says what is wrong with what was read, from report `index` on: for whom it is not the end. */
void store_say_damaged(const struct store *s, uint64_t index, const char *text);

/* Says it, and returns ERR_FORMAT. */
enum err store_damaged(const struct store *s, uint64_t index, const char *text) MUST_USE;
enum err store_damaged_checkpoint(const struct store *s, const char *text) MUST_USE;

#endif
