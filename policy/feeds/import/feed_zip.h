/*
 * A zip of JSON files, as OSV's all.zip: each of its files in turn.
 *
 * The only file here that includes libarchive's headers is feed_zip.c.
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_FEED_ZIP_H
#define HALLMARK_POLICY_FEEDS_IMPORT_FEED_ZIP_H

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define FEED_DOCUMENT_MAX     (64UL * 1024 * 1024) /* bytes of one, in a zip or not */
#define FEED_ZIP_MARK         "PK\x03\x04"
#define FEED_ZIP_MEMBERS_MAX  1000000 /* OSV's of all ecosystems has some 300,000 */
#define FEED_ZIP_UNPACKED_MAX (4ULL * 1024 * 1024 * 1024) /* bytes of all: that one has 2 GB */

/* Takes the text of one file in it; another result than ERR_OK ends the reading. */
typedef enum err feed_zip_take(void *context, struct view name, struct view text);

/* ERR_CONFIG, with a fault: over a limit, or it cannot be unpacked; else what `take` returned. */
enum err feed_zip_read(const char *file, struct view zip, struct faults *faults,
    feed_zip_take *take, void *context) MUST_USE;

#endif
