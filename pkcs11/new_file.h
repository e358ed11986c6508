/*
 * A result in a file that was not there: one that is there stays, somebody may still need it. The
 * file is made before the work that it is the record of, so that none is done in vain.
 */
#ifndef HALLMARK_PKCS11_NEW_FILE_H
#define HALLMARK_PKCS11_NEW_FILE_H

#include "proto/bytes.h"
#include "proto/err.h"

struct new_file {
	const char *path;
	int fd; /* -1: there is nothing to end */
};

/* `what` goes into it, for people: "the statement". ERR_IO, explained on stderr. */
enum err new_file_make(const char *path, const char *what, struct new_file *out) MUST_USE;

/* Writes all of it, on the disk when it returns; ends it. ERR_IO, explained; then it is removed. */
enum err new_file_write(struct new_file *f, const char *what, struct view content) MUST_USE;

/* Removes it, unless it was written. */
void new_file_drop(struct new_file *f);

#endif
