/*
 * PEM files, whole or not at all: one that is cut off, as while it is being written, is a fault,
 * and not a shorter one.
 */
#ifndef HALLMARK_TRUST_PEM_BLOCKS_H
#define HALLMARK_TRUST_PEM_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* One block: its name ("CERTIFICATE") and what is in it. False: no more are wanted. */
typedef bool pem_blocks_take(void *context, const char *name, struct view der);

/*
 * Gives each block, in order; text between them is passed over. ERR_CONFIG if one cannot be read
 * (crypto_reason says why), ERR_MEMORY. What was given before that is as it stands in the file. Of
 * a file without any, crypto_reason says what was looked for.
 */
enum err pem_blocks_each(struct view pem, pem_blocks_take *take, void *context) MUST_USE;

/*
 * The same of a file in PEM; one in DER, as CAs publish certificates and lists, is given whole, as
 * one block of this `name`. Its first two bytes say which it is, whatever stands in it behind them:
 * DER of a hostile CA may have a PEM block in a field. What is in DER and shorter than 128 bytes is
 * not found: no certificate or list is, unless it has no names.
 */
enum err pem_or_der_each(
    struct view bytes, const char *name, pem_blocks_take *take, void *context) MUST_USE;

/* Appends a file's bytes, at most PEM_FILE_SIZE_MAX. ERR_IO with errno; ERR_FORMAT_SIZE. */
#define PEM_FILE_SIZE_MAX (256 * 1024 * 1024) /* a list of some six million revocations */
enum err pem_file_read(const char *path, struct buf *to) MUST_USE;

#endif
