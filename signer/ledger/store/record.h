/*
 * A record: a batch of reports as it lies in a pending file, between commit and publication.
 *
 *   "HMB1"  count: be32  size of the entries: be64  index of the first: be64  8 zero bytes
 *   each report behind its be16 length, as in the log's entry bundles
 *   root of the tree with this batch: 32 bytes
 *   the end mark, 32 zero bytes: no record follows; the next one is written over it
 *
 * The trailer makes the record prove itself: recovery adds the leaves and compares the root, so a
 * torn or altered record cannot pass for a whole one.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_RECORD_H
#define HALLMARK_SIGNER_LEDGER_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define RECORD_HEADER_SIZE  32                 /* bytes */
#define RECORD_TRAILER_SIZE DIGEST_SIZE        /* bytes */
#define RECORD_END_SIZE     32                 /* bytes; at most a header's */
#define RECORD_ENTRIES_MAX  65536              /* reports: what one record may hold */
#define RECORD_SIZE_MAX     (64 * 1024 * 1024) /* bytes of entries: what one record may hold */

/* Begins one in an empty buffer, with room for the header. Failure is the buffer's. */
void record_begin(struct buf *record);

/* Ends one, to which `count` entries were appended: header, trailer, end mark. ERR_MEMORY. */
enum err record_end(
    struct buf *record, uint64_t first, size_t count, const struct digest *root) MUST_USE;

/* Number and size of what a header announces; ERR_FORMAT if it is none. */
enum err record_header_parse(
    struct view header, uint64_t *first, uint32_t *count, uint64_t *size) MUST_USE;

/* Whether `rest` of a file begins with an end mark, or what a cut left of one. */
bool record_is_end(struct view rest);

#endif
