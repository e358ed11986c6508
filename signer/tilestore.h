/*
 * The log as files (C2SP tlog-tiles): reading nodes and entries, and growing it by new entries.
 *
 * Reading serves recovery and receipts of reports that were logged before. Writing belongs to the
 * publisher's thread alone. Files of a tile are immutable: each is written beside its name, synced
 * and renamed, so whoever reads the directory never sees half a tile.
 */
#ifndef HALLMARK_SIGNER_TILESTORE_H
#define HALLMARK_SIGNER_TILESTORE_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/merkle.h"

/* Reading: a log directory and the size up to which its tiles are complete. */
struct tilestore_reader {
	const char *directory;
	uint64_t size; /* leaves */
};

/* A merkle_read; `context` is a struct tilestore_reader. ERR_NOT_FOUND, ERR_FORMAT_SIZE, ERR_IO. */
enum err tilestore_read_node(
    void *context, unsigned level, uint64_t index, struct digest *out) MUST_USE;

/*
 * Appends entry bundle `bundle` to `to`, in its be16 framing: 256 entries, at the log's end at
 * least as many as the size says (a reader takes those and leaves the rest).
 */
enum err tilestore_read_entries(
    const struct tilestore_reader *r, uint64_t bundle, struct buf *to) MUST_USE;

/* Appends entry `index` itself. */
enum err tilestore_read_entry(
    const struct tilestore_reader *r, uint64_t index, struct buf *to) MUST_USE;

/* Writing. */
struct tilestore_writer;

/* Reads the partial tiles at the end of a log of `size` leaves. */
enum err tilestore_writer_new(
    const char *directory, uint64_t size, struct tilestore_writer **out) MUST_USE;
void tilestore_writer_free(struct tilestore_writer **w);

/* Adds one entry; tiles that become full are written. */
enum err tilestore_add(
    struct tilestore_writer *w, struct view entry, const struct digest *leaf) MUST_USE;

/* Writes the partial tiles and syncs every directory that was touched: all is on the disk. */
enum err tilestore_flush(struct tilestore_writer *w) MUST_USE;

#endif
