/*
 * Files that are replaced whole, atomically and durably: written beside, synced, renamed, and the
 * directory synced. After a crash there is the old content or the new one.
 *
 * Where there is no room on the disk that is ERR_NO_ROOM, and the old content is there: it may be
 * tried again. Any other failed write or sync is ERR_IO and final (the kernel may have dropped the
 * pages): the caller stops the program rather than go on with a state that is on no disk.
 */
#ifndef HALLMARK_COLLECTOR_STORE_SAVEFILE_H
#define HALLMARK_COLLECTOR_STORE_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* Replaces `name` in `dir`; mode 0600. ERR_NO_ROOM, ERR_IO with the trouble in words. */
enum err savefile_write(int dir, const char *name, struct view bytes, struct trouble *t) MUST_USE;

/*
 * The same of one that is replaced again and again: the file beside it, which nobody reads, is made
 * with the first content and stays, and takes the next one. So content that takes no more blocks
 * than what was there needs no room, but on a file system that writes nothing in place (btrfs, ZFS)
 * or cannot exchange two names. No file is made or removed either, for which some file systems look
 * long for a number (ext4 without a journal, while files have just been removed).
 */
enum err savefile_rewrite(int dir, const char *name, struct view bytes, struct trouble *t) MUST_USE;

/* Appends the content to `to`. ERR_NOT_FOUND, ERR_FORMAT_SIZE over `size_max`, ERR_IO. */
enum err savefile_read(
    int dir, const char *name, size_t size_max, struct buf *to, struct trouble *t) MUST_USE;

/* A file beside another one: by a program that ended before it was renamed, or of a rewritten one.
 */
bool savefile_is_leftover(const char *name);

/* Opens a directory below `dir`, made with mode 0700 if it is not there. ERR_NO_ROOM, ERR_IO. */
enum err savefile_directory(int dir, const char *name, int *out, struct trouble *t) MUST_USE;

/* Writes all of it at `offset` of `fd`; ERR_NO_ROOM, ERR_IO with errno: part of it may be there. */
enum err savefile_write_at(int fd, struct view bytes, uint64_t offset) MUST_USE;

/* What a call that failed with this errno means: ERR_NO_ROOM where there is no room, else ERR_IO.
 */
enum err savefile_error(int reason) MUST_USE;

#endif
