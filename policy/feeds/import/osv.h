/*
 * Advisories in the Open Source Vulnerability format (OSV, ossf.github.io/osv-schema), one a file.
 *
 * Taken is what is about packages of Debian, Ubuntu, Alpine and of distributions with rpm, in the
 * releases that are wanted: of "affected", "ranges" of the type ECOSYSTEM, else the "versions" that
 * it lists. Withdrawn ones are left out.
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_OSV_H
#define HALLMARK_POLICY_FEEDS_IMPORT_OSV_H

#include <jansson.h>

#include "policy/feeds/import/feed_draft.h"

#define OSV_EVENTS_MAX 1024 /* of a range: each is held against each */

/* ERR_CONFIG, with faults of `file`; then some of it may be in `to`. */
enum err osv_read(const char *file, const json_t *document, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to) MUST_USE;

#endif
