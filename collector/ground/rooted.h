/*
 * Opening what a path names below a root directory, as the processes that live there would: links
 * are followed, and neither they nor ".." lead out of it. The tree may be a stranger's, and change
 * meanwhile: no name of it is looked up without O_NOFOLLOW.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_ROOTED_H
#define HALLMARK_COLLECTOR_GROUND_ROOTED_H

#include <stddef.h>
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

/*
 * Appends a whole regular file, and says what it was before it was read (`s` may be NULL). As
 * above; ERR_FORMAT if it is no regular file, ERR_FORMAT_SIZE over `size_max` bytes, ERR_MEMORY.
 */
enum err rooted_read(
    int root, const char *path, size_t size_max, struct buf *to, struct stat *s) MUST_USE;

#endif
