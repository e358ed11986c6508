/*
 * The few ways in which the signer touches files. Each failure is logged here, once, with the path
 * and the system's reason, and comes back as ERR_IO (ERR_NOT_FOUND where a file to read is not
 * there). Nothing is retried: after a failed fsync the kernel has forgotten what was not written.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_DISKFILE_H
#define HALLMARK_SIGNER_LEDGER_STORE_DISKFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Makes a directory and its parents (mode 0755) and syncs the parent of each that it made. */
enum err diskfile_make_directory(const char *path) MUST_USE;

/*
 * Makes a directory and locks it against other processes for as long as `fd` is open; ERR_IO if one
 * of them has it.
 */
enum err diskfile_lock_directory(const char *path, int *fd) MUST_USE;

/*
 * Makes or replaces a file (0644) of these parts, in place, with the directories it needs, and
 * leaves it open. Nothing of it is on the disk before diskfile_sync_all.
 */
enum err diskfile_write(const char *path, const struct iovec *part, size_t parts, int *fd) MUST_USE;

/* Closes it; what it has in memory, when synced, may go: nobody will read it soon. */
enum err diskfile_close_cold(int fd, const char *path) MUST_USE;

/*
 * Opens a directory, to sync the file system that it is on. What could not be written since it was
 * opened fails the sync, even if it was written behind our back.
 */
enum err diskfile_open_directory(const char *path, int *fd) MUST_USE;
enum err diskfile_sync_all(int fd, const char *path) MUST_USE;

/* Opens (made if absent, 0644) for appending; the directory entry is synced. */
enum err diskfile_open_append(const char *path, int *fd) MUST_USE;

/* Writes all of it at the end of the file, then fdatasync. */
enum err diskfile_append(int fd, const char *path, struct view bytes) MUST_USE;

/* Opens for writing in place; a file that is not there is made (0644), its directory synced. */
enum err diskfile_open_in_place(const char *path, int *fd) MUST_USE;

/* Writes all of it from `offset` on, then fdatasync. */
enum err diskfile_write_at(int fd, const char *path, uint64_t offset, struct view bytes) MUST_USE;

/*
 * Writes `path` by way of a temporary file beside it: content synced, then renamed. The directory
 * must be synced (diskfile_sync_directory) before anybody may rely on the name.
 */
enum err diskfile_replace(const char *path, struct view bytes) MUST_USE;
enum err diskfile_sync_directory(const char *path) MUST_USE;

/* Appends the whole file; ERR_FORMAT_SIZE if it is larger than `size_max`. */
enum err diskfile_read(const char *path, size_t size_max, struct buf *to) MUST_USE;

/* Appends `size` bytes from `offset`; ERR_FORMAT_SIZE if there are fewer. */
enum err diskfile_read_at(const char *path, uint64_t offset, size_t size, struct buf *to) MUST_USE;

/* The same of a file that stays open between them; the caller closes *fd. ERR_NOT_FOUND, ERR_IO. */
enum err diskfile_open_to_read(const char *path, int *fd) MUST_USE;
enum err diskfile_read_open(
    int fd, const char *path, uint64_t offset, size_t size, struct buf *to) MUST_USE;

enum err diskfile_size(const char *path, uint64_t *size) MUST_USE; /* in bytes */

/* Cuts a file to `size` bytes and syncs it. */
enum err diskfile_truncate(const char *path, uint64_t size) MUST_USE;

/*
 * Writes what stands in a file from `offset` up to `end` once more, and syncs it. What was written
 * before a sync that failed may be in the kernel's memory alone, where a further sync passes it
 * over; written again, it is not.
 */
enum err diskfile_write_again(const char *path, uint64_t offset, uint64_t end) MUST_USE;

/* Removes a file; one that is not there is no error. */
enum err diskfile_remove(const char *path) MUST_USE;

/* Logs that the call has just failed, by errno; ERR_IO. For what is not done here. */
enum err diskfile_failed(const char *call, const char *path) MUST_USE;

/* "<directory>/<name>" as a new string; aborts for want of memory. */
char *diskfile_join(const char *directory, const char *name);

#endif
