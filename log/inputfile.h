/*
 * Reading files that anybody may have written: regular files only, never more than a limit, and
 * never a wait for the other end of a pipe.
 */
#ifndef HALLMARK_LOG_INPUTFILE_H
#define HALLMARK_LOG_INPUTFILE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends the whole file; `path` is taken relative to the directory `dir` (or AT_FDCWD). Nothing is
 * appended on an error. ERR_NOT_FOUND; ERR_FORMAT_SIZE over `size_max` bytes; ERR_UNSUPPORTED for
 * what is not a regular file; ERR_IO (errno says why); ERR_MEMORY.
 */
enum err inputfile_read(int dir, const char *path, size_t size_max, struct buf *to) MUST_USE;

/* Opens it for inputfile_read_at and says its size; the caller closes *fd. */
enum err inputfile_open(int dir, const char *path, int *fd, uint64_t *size) MUST_USE;

/* Appends exactly `size` bytes from `offset`. ERR_FORMAT_SIZE if the file ends before. */
enum err inputfile_read_at(int fd, uint64_t offset, size_t size, struct buf *to) MUST_USE;

/* Why reading failed, in words. To be asked right after the failure, because of errno. */
const char *inputfile_reason(enum err e);

#endif
