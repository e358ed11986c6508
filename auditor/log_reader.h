/*
 * A log directory (C2SP tlog-tiles), read by someone who trusts nothing in it.
 */
#ifndef HALLMARK_AUDITOR_LOG_READER_H
#define HALLMARK_AUDITOR_LOG_READER_H

#include <stdint.h>

#include "auditor/outcome.h"
#include "proto/bytes.h"
#include "proto/checkpoint.h"
#include "proto/err.h"

struct log_reader {
	const char *directory;
	struct checkpoint checkpoint; /* authentic after log_open */
};

/*
 * Reads `checkpoint` and verifies it with the certificate; each step is printed. `origin` may be
 * NULL: whatever the checkpoint says. The outcome is in `outcome` where it is not ERR_OK.
 */
enum err log_open(struct log_reader *l, const char *directory, const char *certificate,
    const char *origin) MUST_USE;

/*
 * Appends the hashes of a tile (level, index) as wide as the checkpoint's size has it: 32 bytes
 * each, exactly so many. A partial tile that is gone is read from the full one.
 */
enum err log_read_tile(
    const struct log_reader *l, unsigned level, uint64_t index, struct buf *to) MUST_USE;

/* Appends an entry bundle, in its framing; of a full one at the log's end perhaps more than asked.
 */
enum err log_read_entries(const struct log_reader *l, uint64_t index, struct buf *to) MUST_USE;

/* Appends entry `index`. ERR_NOT_FOUND beyond the checkpoint. */
enum err log_read_entry(const struct log_reader *l, uint64_t index, struct buf *to) MUST_USE;

#endif
