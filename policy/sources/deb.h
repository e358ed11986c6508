/*
 * Debian's binary packages (deb(5)): an ar archive with a tar of the files that are installed.
 *
 * All regular files, configuration files too, are hashed, links are taken by their targets, and
 * both with owner, group and mode. Paths are as a host has them whose /bin, /sbin and /lib are
 * links into /usr. What dpkg does on a host besides (diversions, overrides, alternatives, what
 * maintainers' scripts write) is not in a package.
 *
 * The only file that includes libarchive's headers is deb.c. A name that is absolute or leads out,
 * a path that stands there twice, a file below one of the package's own links, a hard link to
 * nothing, more than DEB_UNPACKED_MAX: none of the package is taken.
 */
#ifndef HALLMARK_POLICY_SOURCES_DEB_H
#define HALLMARK_POLICY_SOURCES_DEB_H

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "policy/sources/source_options.h"
#include "proto/err.h"

#define DEB_MARK "!<arch>\n" /* what an ar archive begins with */

/* Bytes of all files of a package: the largest of Debian 12 has some 3 GB. */
#define DEB_UNPACKED_MAX (16ULL * 1024 * 1024 * 1024)
#define DEB_MEMBERS_MAX  1000000 /* of its tar, directories included */

/* From the file's beginning, which has DEB_MARK. As source_read. */
enum err deb_read(const char *file, int fd, const struct source_options *o, struct faults *faults,
    struct set_draft *to) MUST_USE;

#endif
