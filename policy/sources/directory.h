/*
 * A directory that is a root, read into a set: what a chroot, a machine's mounted disk or an
 * unpacked image has, by the paths that are seen inside.
 *
 * Regular files are hashed, links are taken by their targets, neither is followed; both with owner,
 * group and mode. What lies on another file system than the directory itself is left out, and told.
 */
#ifndef HALLMARK_POLICY_SOURCES_DIRECTORY_H
#define HALLMARK_POLICY_SOURCES_DIRECTORY_H

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "policy/sources/source_options.h"
#include "proto/err.h"

#define DIRECTORY_DEPTH_MAX 256 /* each holds a descriptor while what is below it is read */

/* As source_read. A file that changes while it is read is a fault. */
enum err directory_read(const char *root, const struct source_options *o, struct faults *faults,
    struct set_draft *to) MUST_USE;

#endif
