/*
 * Symbolic links that a walk for `files` follows: what stands at their end, which has the path of
 * the link. Whoever can make links there chooses what that is, within the root directory.
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILE_LINK_H
#define HALLMARK_COLLECTOR_FILES_FILE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collector/files/file_details.h"
#include "collector/ground/rooted.h"
#include "proto/bytes.h"

/* The last one on the way to where the walk stands. Zero-initialised: there is none. */
struct file_link {
	const struct rooted_place *place; /* what it leads to; NULL: there is none */
	size_t path_size;                 /* bytes of the path that are its own */
};

/*
 * What the link at `path`, from `root` and with a NUL behind it, leads to. NULL; or why that is not
 * followed, in a word of PROTOCOL.md section 4. `stays`: the link, if it is not to lead to another
 * mount, or NULL. The caller closes place->dir, which is -1 where there is nothing to close.
 */
const char *file_link_find(int root, const struct buf *path, const struct statx *stays,
    struct rooted_place *place, struct statx *target);

/*
 * Links on the way may have been exchanged while the file was read, which is this user's; `loose`
 * as rooted_find has it.
 */
bool file_link_leads_elsewhere(const struct file_link *l, int root, const struct buf *path,
    uint32_t owner, struct rooted_loose *loose);

/* Adds `target`: where that is to which the path leads. */
void file_link_tell(
    const struct file_link *l, const struct buf *path, struct file_details *details);

#endif
