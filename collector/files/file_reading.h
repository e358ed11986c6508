/*
 * Reading what stands under a name into an item of `files`: a regular file's content, a symbolic
 * link's text, of all else nothing.
 *
 * Another file may get the name meanwhile: programs save so, and package managers unpack. Then that
 * one is read, too, up to FILE_READINGS of them. Where all had the same content, mode and owner
 * nothing has changed; else, and where the name is gone at the end, the item of the last one has
 * COMPONENT_FILE_CHANGED.
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILE_READING_H
#define HALLMARK_COLLECTOR_FILES_FILE_READING_H

#include <stdbool.h>
#include <sys/stat.h>

#include "collector/files/file_details.h"
#include "collector/files/file_terms.h"
#include "collector/files/filehash.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Of files that have a name one after the other. */
#define FILE_READINGS 3

/* Zero-initialised, but for `hash`, which is borrowed. Whoever has it frees the details. */
struct file_reader {
	struct filehash *hash;
	/* of what is to be read */
	enum file_term term;
	struct view path; /* of the item */
	bool watches;     /* regular files one by one: collector/watch/lay.h */
	/* of what was read last */
	struct file_details details;
	bool has_behind; /* what has the name since was looked at, and is this */
	struct statx behind;
};

/* What `name` is (KNOWN_FILES_MASK), no link followed. False with errno. */
bool file_look(int dir, const char *name, struct statx *s);

/*
 * `seen`: what it was a moment ago, no directory. Fills all of `out` but path and details; these
 * are in `r`, for more to be added. ERR_NOT_FOUND: nothing has the name any more, and nothing was
 * read. ERR_BUDGET: the file is larger than what may be read. ERR_CLOSED, ERR_CRYPTO.
 */
enum err file_read(struct file_reader *r, int dir, const char *name, const struct statx *seen,
    struct component_file *out) MUST_USE;

/*
 * The content of a regular file on the terms of its path: digest and size of `out`, and perhaps a
 * detail, which says on which. FILE_TERM_CHANGES: mode and owner are not touched. As above.
 */
enum err file_reading_content(struct filehash *h, int fd, bool bare, enum file_term term,
    struct view path, struct component_file *out, struct file_details *details) MUST_USE;

#endif
