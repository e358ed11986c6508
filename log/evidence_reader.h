/*
 * The evidence store's pack files (proto/evidence/pack.h), read by digest.
 */
#ifndef HALLMARK_LOG_EVIDENCE_READER_H
#define HALLMARK_LOG_EVIDENCE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

/* Records that are indexed, 64 bytes each: a store with more takes more memory than is fair. */
#define EVIDENCE_READER_RECORDS_MAX 10000000

struct evidence_reader;

/*
 * Reads the headers of every pack, and tells how many records there are. Where a pack cannot be
 * read further (a record torn by a crash, or damaged), that is told, and what lies behind counts as
 * absent. OUTCOME_UNKNOWN if the directory or a pack cannot be read at all.
 */
enum outcome evidence_reader_open(
    const char *directory, const struct findings *f, struct evidence_reader **out) MUST_USE;
void evidence_reader_close(struct evidence_reader **r);

/*
 * What packs have got since, and packs that are new: a store grows at the end of its packs. Those
 * that became shorter, or are gone, are read again from their beginning. `more`: there are records
 * that were not there before. The errors of opening, told likewise.
 */
enum outcome evidence_reader_update(
    struct evidence_reader *r, const struct findings *f, bool *more) MUST_USE;

/* How often there were more records: what was not there may be now. */
uint64_t evidence_reader_generation(const struct evidence_reader *r);

/*
 * Whoever can have more records come is asked when a content is not there: true if it is to be
 * looked for again, which it is until the answer is false.
 */
void evidence_reader_ask(struct evidence_reader *r, bool (*ask)(void *context), void *context);

/* How often evidence_reader_get has found nothing, or nothing that could be read. */
uint64_t evidence_reader_missed(const struct evidence_reader *r);

/*
 * Appends the content, checked against its digest. ERR_NOT_FOUND if there is none of this kind;
 * ERR_IO, ERR_CHANGED (the records are damaged), ERR_MEMORY.
 */
enum err evidence_reader_get(struct evidence_reader *r, enum pack_kind kind,
    const struct digest *digest, struct buf *to) MUST_USE;

#endif
