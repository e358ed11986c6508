/*
 * Reading a small file that an operator has named, as a whole.
 */
#ifndef HALLMARK_PKCS11_GROUND_SMALL_FILE_H
#define HALLMARK_PKCS11_GROUND_SMALL_FILE_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Appends it. ERR_CONFIG, explained, unless it is a regular file of at most `size_max` bytes. */
enum err small_file_read(const char *path, size_t size_max, struct buf *to) MUST_USE;

#endif
