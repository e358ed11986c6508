/*
 * The evidence store's pack files (proto/evidence/pack.h), read by digest.
 */
#ifndef HALLMARK_LOG_EVIDENCE_READER_H
#define HALLMARK_LOG_EVIDENCE_READER_H

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
 * Appends the content, checked against its digest. ERR_NOT_FOUND if there is none of this kind;
 * ERR_IO, ERR_CHANGED (the records are damaged), ERR_MEMORY.
 */
enum err evidence_reader_get(struct evidence_reader *r, enum pack_kind kind,
    const struct digest *digest, struct buf *to) MUST_USE;

#endif
