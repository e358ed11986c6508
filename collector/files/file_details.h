/*
 * Details of a file's item: what else there is to say of it, beside content, mode, owner and flags.
 * Only what is not the plain default is one.
 *
 *   acl          access control list of POSIX: u::rw-,u:33:r--,g::r--,m::r--,o::r--
 *   acl_default  of a directory, what files in it get
 *   attributes   append and immutable, with commas
 *   capability   those that its program gets: PERMITTED INHERITABLE EFFECTIVE in hexadecimal
 *                digits, as capabilities(7) has them, and for a namespace's root its user id
 *   verity       fs-verity's digest: the kernel checks each read against it
 *   xattr        unreadable: acl and capability could not be looked at
 *
 * A list over 1,000 characters, and what has no form that is known, is `sha256:` or `hex:` and that
 * of the attribute's bytes.
 *
 * Extended attributes and verity are read from an open file, attributes come with statx.
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILE_DETAILS_H
#define HALLMARK_COLLECTOR_FILES_FILE_DETAILS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Bytes of a path in a detail, beside its name, a mode and an owner. */
#define FILE_DETAILS_PATH_MAX 900

/* Zero-initialised: none. */
struct file_details {
	struct buf text; /* one behind the other */
	size_t count;
	size_t end[COMPONENT_DETAILS_MAX]; /* of each */
	struct view list[COMPONENT_DETAILS_MAX];
};

void file_details_free(struct file_details *d);

/* None again. */
void file_details_clear(struct file_details *d);

/*
 * What the file `fd`, open for reading, has; `s` is of the same file. `bare`: nothing that statx
 * does not tell, so that it may be known as such (collector/content/known_files.h).
 */
void file_details_read(struct file_details *d, int fd, const struct statx *s, bool *bare);

/* What a bare file has, which is not open. */
void file_details_recall(struct file_details *d, const struct statx *s);

/* One more, of printable text; no name twice. What is one too many fails as a lack of memory. */
void file_details_add(struct file_details *d, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `path` as a value may hold it; one that takes more than `size_max` bytes is its digest. */
void file_details_append_path(struct buf *to, struct view path, size_t size_max);

/* Sets the item's, sorted; views into `d`. ERR_MEMORY. */
enum err file_details_give(struct file_details *d, struct component_file *item) MUST_USE;

#endif
