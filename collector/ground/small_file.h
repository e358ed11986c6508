/*
 * Reading a small file as a whole: of /proc, of the host's configuration, of our own state.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_SMALL_FILE_H
#define HALLMARK_COLLECTOR_GROUND_SMALL_FILE_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends a whole file below the directory `dir`. ERR_NOT_FOUND (no such file, or the process whose
 * it was has ended), ERR_FORMAT_SIZE over `size_max` bytes, ERR_IO with errno, ERR_MEMORY.
 */
enum err small_file_read(int dir, const char *name, size_t size_max, struct buf *to) MUST_USE;

/*
 * The same of one that the kernel makes as a whole when it is read (`stat` and `status` of a
 * process; seq_file's single_open): what is less than was asked for is all of it, and its end need
 * not be met once more.
 */
enum err small_file_read_made(int dir, const char *name, size_t size_max, struct buf *to) MUST_USE;

#endif
