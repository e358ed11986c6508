/*
 * The log as files (C2SP tlog-tiles), read: nodes and entries, for recovery and for receipts of
 * reports that were logged before. tilewriter.h writes it.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_TILESTORE_H
#define HALLMARK_SIGNER_LEDGER_STORE_TILESTORE_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/merkle.h"

/* A log directory and the size up to which its tiles are complete. */
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

/*
 * Appends a tile's file, partial or full, by its path below `directory`. A partial tile may have
 * been replaced by the full one meanwhile, whose start is the same: then it is that which is read.
 */
enum err tilestore_read_file(const char *directory, const char *path, const char *full_path,
    size_t size_max, struct buf *to) MUST_USE;

#endif
