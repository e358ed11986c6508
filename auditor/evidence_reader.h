/*
 * The evidence store's pack files (proto/pack.h), read by digest.
 */
#ifndef HALLMARK_AUDITOR_EVIDENCE_READER_H
#define HALLMARK_AUDITOR_EVIDENCE_READER_H

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/pack.h"

struct evidence_reader;

/*
 * Reads the headers of every pack. A record that is torn or damaged is said, with what lies behind
 * it in its pack counted as missing. ERR_NOT_FOUND if the directory cannot be read.
 */
enum err evidence_reader_open(const char *directory, struct evidence_reader **out) MUST_USE;
void evidence_reader_close(struct evidence_reader **r);

/* Appends the content, checked against its digest. ERR_NOT_FOUND, ERR_DIGEST, ERR_IO. */
enum err evidence_reader_get(struct evidence_reader *r, enum pack_kind kind,
    const struct digest *digest, struct buf *to) MUST_USE;

#endif
