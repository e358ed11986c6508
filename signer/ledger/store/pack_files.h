/*
 * Pack files of the evidence store, as they lie on the disk: their records are read one by one, and
 * from one place on. proto/evidence/pack.h has the form of a record.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_PACK_FILES_H
#define HALLMARK_SIGNER_LEDGER_STORE_PACK_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/ledger/store/index.h"

/* Of the pack of this number, 1 or more. To be freed. */
char *pack_files_path(const char *directory, uint32_t pack);

/* Takes the place of each record that can be read. */
struct pack_files_listener {
	void (*take)(void *context, const struct index_evidence *place);
	void *context;
};

/*
 * Reads all that stands at or behind this place. Nothing is ever cut off: a pack with a torn or
 * damaged tail stays as it is, so no flipped bit can cost a good record behind it. What is found
 * in the last pack may have been written by a process whose sync then failed: it is written again
 * before a report can rely on it. Packs before it were synced to their ends. `last`: the highest
 * number of a pack that is there; 0: none is. ERR_IO, ERR_MEMORY; damage is said.
 */
enum err pack_files_scan(const char *directory, uint32_t pack, uint64_t offset,
    const struct pack_files_listener *to, uint32_t *last) MUST_USE;

/* A pack that is open while records are read from it. */
struct pack_reading {
	uint32_t pack;
	char *path;
	int fd;
	bool said; /* that it is damaged: once is enough */
	struct buf stored;
};

#define PACK_READING_INIT                                                                          \
	{                                                                                          \
		.fd = -1, .stored = BUF_INIT                                                       \
	}

/* Appends the content that stands at this place, checked against its digest. */
enum err pack_reading_record(struct pack_reading *r, const char *directory,
    const struct index_evidence *place, struct buf *to) MUST_USE;

/* In the log, with the error; of one reading once. */
void pack_reading_say_damaged(struct pack_reading *r, uint64_t offset, enum err e);
void pack_reading_end(struct pack_reading *r);

#endif
