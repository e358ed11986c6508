/*
 * Sources of advisories, read into a draft:
 *
 *   OSV                         one in JSON (osv.h); a zip or a directory of many
 *   Debian's security tracker   JSON (debian_tracker.h)
 *   CSAF 2.0                    one document in JSON (csaf.h); a directory of many
 *
 * What a source is, its content says. All of it comes from outside: sizes, counts and depths are
 * bounded, and of what is wrong in any place nothing is taken.
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_FEED_SOURCE_H
#define HALLMARK_POLICY_FEEDS_IMPORT_FEED_SOURCE_H

#include "config/faults.h"
#include "policy/feeds/import/feed_draft.h"
#include "proto/err.h"

#define FEED_SOURCE_SIZE_MAX  (1024UL * 1024 * 1024) /* bytes of a file: OSV's zip has 200 MB */
#define FEED_SOURCE_FILES_MAX 1000000                /* of a directory */

/* A file or directory. ERR_CONFIG, with faults of it; then some of it may be in `to`. */
enum err feed_source_read(const char *path, const struct feed_options *o, struct faults *faults,
    struct feed_draft *to) MUST_USE;

/* The content of a file. */
enum err feed_source_parse(const char *file, struct view content, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to) MUST_USE;

#endif
