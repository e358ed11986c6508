/*
 * What Debian's security tracker says, as security-tracker.debian.org/tracker/data/json has it:
 *
 *   {"openssl":{"CVE-2023-0464":{"releases":{"bookworm":{"status":"resolved",
 *      "fixed_version":"3.0.9-1","urgency":"not yet assigned"}}}}}
 *
 * Open and resolved ones of the releases that are wanted. Left out is what the tracker calls
 * undetermined (nobody has looked) or unimportant (no danger in how Debian ships it).
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_DEBIAN_TRACKER_H
#define HALLMARK_POLICY_FEEDS_IMPORT_DEBIAN_TRACKER_H

#include "policy/feeds/import/feed_draft.h"

/* The whole text; ERR_CONFIG, with faults of `file`; then some of it may be in `to`. */
enum err debian_tracker_read(const char *file, struct view text, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to) MUST_USE;

#endif
