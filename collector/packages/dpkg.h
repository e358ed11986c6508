/*
 * What dpkg keeps below a root directory: /var/lib/dpkg/status, and in /var/lib/dpkg/updates/ what
 * was done since that was written (its journal: files named by digits, in their order).
 *
 * Every package in a state with files on the disk is one: all but `not-installed` and
 * `config-files`, and those without a `Status`. A paragraph of the journal takes the place of the
 * package of its name and architecture, and where neither is `Multi-Arch: same`, of its name.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_DPKG_H
#define HALLMARK_COLLECTOR_PACKAGES_DPKG_H

#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define DPKG_SIZE_MAX    (64 * 1024 * 1024) /* bytes of status: 10 KB for each of 6,000 packages */
#define DPKG_JOURNAL_MAX 1000               /* paragraphs; dpkg writes status after 250 */

/*
 * Adds the fact `dpkg`; *found is false, and nothing added, where there is no status file. ERR_IO,
 * ERR_FORMAT (no regular file), ERR_FORMAT_SIZE, ERR_MEMORY, with the trouble.
 */
enum err dpkg_add(int root, struct component_builder *to, bool *found, struct trouble *t) MUST_USE;

/* The fact from the bytes of both. ERR_FORMAT_SIZE over a limit, ERR_MEMORY. */
enum err dpkg_add_read(
    struct view status, struct view journal, struct component_builder *to) MUST_USE;

#endif
