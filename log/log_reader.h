/*
 * A log directory (C2SP tlog-tiles), read by someone who trusts nothing in it.
 */
#ifndef HALLMARK_LOG_LOG_READER_H
#define HALLMARK_LOG_LOG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/outcome.h"
#include "log/seal.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tile.h"

#define LOG_BUNDLE_SIZE_MAX ((size_t)TILE_WIDTH * (ENTRY_SIZE_MAX + 2)) /* bytes */

struct log_reader {
	int dir;                      /* descriptor of the directory */
	struct checkpoint checkpoint; /* authentic after log_open */
	/* Entries of the tree whose tiles lie in the directory, where `checkpoint` was put back to
	 * a smaller one; 0: the checkpoint's. */
	uint64_t stored;
	struct buf note;      /* it, signed, as it stands in its file */
	struct digest signer; /* SHA-256 of the SubjectPublicKeyInfo of its key */
};

/*
 * Opens the directory, reads `checkpoint` first (tiles only grow, so what it refers to is there)
 * and checks its seal. Every step is told. To be closed whatever the outcome.
 */
enum outcome log_open(struct log_reader *l, const char *directory, const struct seal_wanted *wanted,
    const struct findings *f) MUST_USE;

/*
 * The same for who trusts the disk that it is on: the seal is not looked at, and the checkpoint is
 * as it stands there. Errors of inputfile_read, for inputfile_reason; ERR_FORMAT. To be closed
 * whatever comes out.
 */
enum err log_open_unproved(struct log_reader *l, const char *directory) MUST_USE;
void log_close(struct log_reader *l);

/*
 * The same log as it was at `size` entries, as far as its tiles are right: a copy of the reader
 * that reads no further, whose root is proved to be how the checkpoint's tree began. It borrows the
 * reader's descriptor, and has no note. ERR_PROOF if the tiles do not lead there; the errors of
 * log_read_tile.
 */
enum err log_begin_of(const struct log_reader *l, uint64_t size, struct log_reader *out) MUST_USE;

/*
 * Both replace the content of `to`. A partial file that is gone may have become a full one: its
 * beginning is what was asked for. Errors of inputfile_read, and ERR_FORMAT_SIZE for a tile whose
 * size is not its width.
 */
enum err log_read_tile(
    const struct log_reader *l, unsigned level, uint64_t index, struct buf *to) MUST_USE;

/* `exact`: the file has these entries and no more; otherwise more may follow them. */
enum err log_read_entries(
    const struct log_reader *l, uint64_t index, struct buf *to, bool *exact) MUST_USE;

/* The root of a complete subtree, from the tiles: as merkle_read has it. `l` is a log_reader. */
enum err log_read_node(void *l, unsigned level, uint64_t index, struct digest *out) MUST_USE;

/*
 * Appends entry `index` after proving, by the tiles, that it is in the checkpoint's tree.
 * ERR_NOT_FOUND, ERR_PROOF, ERR_FORMAT and the errors of reading.
 */
enum err log_prove_entry(const struct log_reader *l, uint64_t index, struct buf *to) MUST_USE;

#endif
