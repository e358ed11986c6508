/*
 * The directories from the root down to where a walk for `files` stands: who may exchange what is
 * below them, and whether a link leads up to one of them.
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILE_WAY_H
#define HALLMARK_COLLECTOR_FILES_FILE_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collector/files/file_details.h"
#include "collector/files/pattern.h"
#include "collector/ground/rooted.h"
#include "proto/bytes.h"
#include "proto/evidence/component.h"

#define FILE_WAY_BELOW_MAX 128 /* directories below `**`; one descriptor each is held */

/* Those of a pattern's parts, of everything below, and the root. */
#define FILE_WAY_MAX (PATTERN_PARTS_MAX + FILE_WAY_BELOW_MAX + 2)

struct file_way {
	struct file_way_point {
		size_t entered, parents;
	} at; /* how many there are; setting it back leaves directories */
	/* All of them. */
	struct {
		uint32_t major, minor; /* device */
		uint64_t inode;
	} entered[FILE_WAY_MAX];
	/* Those in which somebody besides root may rename, perhaps only the owner. */
	struct file_way_parent {
		size_t path_size; /* bytes of the path, up to it */
		uint32_t mode, uid, gid;
	} parents[FILE_WAY_MAX];
};

/* The first `path_size` bytes of the path lead to a directory of this status. */
void file_way_enter(struct file_way *way, size_t path_size, const struct statx *s);

/* Whether this directory is one of them. */
bool file_way_has(const struct file_way *way, const struct statx *s);

/*
 * Adds `parent` to an item at `path` if somebody else than root and its owner may put another file
 * there: on the way, or on that of links, of which `loose` tells.
 */
void file_way_tell(const struct file_way *way, const struct buf *path,
    const struct rooted_loose *loose, const struct component_file *item,
    struct file_details *details);

#endif
