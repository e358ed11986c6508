/*
 * Opening what a path names below a root directory, as the processes that live there would: links
 * are followed, and neither they nor ".." lead out of it. The tree may be a stranger's, and change
 * meanwhile: no name of it is looked up without O_NOFOLLOW.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_ROOTED_H
#define HALLMARK_COLLECTOR_GROUND_ROOTED_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define ROOTED_DEPTH_MAX 64 /* directories below the root */
#define ROOTED_LINKS_MAX 40 /* as many as Linux follows */

/*
 * Opens for reading: `flags` is O_DIRECTORY, O_PATH (only to be looked at) or 0. ERR_NOT_FOUND,
 * ERR_IO with errno (ELOOP and ENAMETOOLONG over a limit). *out is -1 unless ERR_OK.
 */
enum err rooted_open(int root, const char *path, int flags, int *out) MUST_USE;

/* A directory in which somebody besides root and the owner of a file may rename. */
struct rooted_loose {
	bool is_there;
	uint32_t mode, uid, gid;
	char path[PATH_MAX]; /* from the root, without links, with a NUL */
};

/*
 * Whoever may write to a directory puts another file under a name there: root may, the owner of the
 * file might as well write to it; everybody else is worth telling. In a sticky directory only its
 * owner and that of the name may.
 */
bool rooted_is_loose(uint32_t mode, uint32_t uid, uint32_t owner);

/* Where a path leads to. */
struct rooted_place {
	int dir; /* O_PATH: the directory that it stands in; that itself if it is one */
	char name[NAME_MAX + 1]; /* in `dir`, no link; "." if it is a directory */
	size_t path_size;        /* bytes; 0: the root directory */
	char path[PATH_MAX];     /* from the root, without links, with a NUL */
};

/*
 * As rooted_open, but only looks. The caller closes out->dir, which is -1 unless ERR_OK. `loose`,
 * unless NULL: the first such directory, or sticky one with a link of somebody else's, that the
 * path, or a link on it, leads through, for a file of this owner.
 */
enum err rooted_find(int root, const char *path, uint32_t owner, struct rooted_place *out,
    struct rooted_loose *loose) MUST_USE;

/*
 * Appends a whole regular file, and says what it was before it was read (`s` may be NULL). As
 * above; ERR_FORMAT if it is no regular file, ERR_FORMAT_SIZE over `size_max` bytes, ERR_MEMORY.
 */
enum err rooted_read(
    int root, const char *path, size_t size_max, struct buf *to, struct stat *s) MUST_USE;

#endif
