/*
 * Advisories in the Common Security Advisory Framework 2.0 (CSAF, OASIS), VEX among them.
 *
 * Of each vulnerability what its "product_status" says of products that a "purl" names as packages
 * of apk, dpkg or rpm, or "hashes" as files by their SHA-256:
 *
 *   known_affected                    this version, or all where the purl has none
 *   first_affected, last_affected     from it on; up to it
 *   fixed, first_fixed                all before it
 *
 * A product that a relationship makes of others is the component in it ("product_reference").
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_CSAF_H
#define HALLMARK_POLICY_FEEDS_IMPORT_CSAF_H

#include <jansson.h>

#include "policy/feeds/import/feed_draft.h"

#define CSAF_DEPTH_MAX 8 /* relationships from one product to another */

/* ERR_CONFIG, with faults of `file`; then some of it may be in `to`. */
enum err csaf_read(const char *file, const json_t *document, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to) MUST_USE;

#endif
