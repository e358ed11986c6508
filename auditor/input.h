/*
 * Files from anyone: regular files only, no larger than what they can validly be.
 */
#ifndef HALLMARK_AUDITOR_INPUT_H
#define HALLMARK_AUDITOR_INPUT_H

#include <openssl/x509.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/note.h"

/*
 * Appends the whole file. ERR_NOT_FOUND, ERR_IO (also for what is no regular file), ERR_FORMAT_SIZE
 * if it is larger than `size_max`. Says nothing.
 */
enum err input_read(const char *path, size_t size_max, struct buf *to) MUST_USE;

/* Appends `size` bytes from `offset`; ERR_FORMAT_SIZE if the file is shorter. */
enum err input_read_at(const char *path, uint64_t offset, size_t size, struct buf *to) MUST_USE;

/*
 * The public certificate of a log's key, and the verifier for notes under `origin`. Explained on
 * stdout where it fails. `certificate` may be NULL.
 */
enum err input_verifier(const char *path, const char *origin, struct note_verifier **out) MUST_USE;

/* The first line of a checkpoint's text: the origin that it claims. ERR_FORMAT. */
enum err input_claimed_origin(struct view note, struct buf *to) MUST_USE;

#endif
