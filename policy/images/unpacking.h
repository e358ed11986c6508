/*
 * What is packed, piece by piece: the bytes of a layer, and the members of a tar (libarchive).
 *
 * The only file of this room that includes libarchive's headers is unpacking.c. No filter that runs
 * another program, no format but tar; names are bytes, whatever the locale. Nothing is bounded here
 * but what libarchive bounds (headers of 1 MiB, 32 of them for one member).
 */
#ifndef HALLMARK_POLICY_IMAGES_UNPACKING_H
#define HALLMARK_POLICY_IMAGES_UNPACKING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/bytes.h"
#include "proto/err.h"

enum unpacking_form { UNPACKING_PLAIN, UNPACKING_GZIP, UNPACKING_ZSTD };

/* Gives the next bytes, valid until the next call: how many, 0 at the end, -1 if that failed. */
typedef ssize_t unpacking_source(void *context, const void **data);

struct unpacking;

enum unpacking_type {
	UNPACKING_FILE,
	UNPACKING_LINK,
	UNPACKING_HARD_LINK,
	UNPACKING_DIRECTORY,
	UNPACKING_PIPE,
	UNPACKING_DEVICE,
	UNPACKING_OTHER,
};

/* Of a tar; views are valid until the next one. */
struct unpacking_member {
	enum unpacking_type type;
	struct view name, target; /* the target of both kinds of links */
	int64_t size;             /* bytes; may be anything */
	uint16_t mode;            /* the lowest twelve bits */
	int64_t uid, gid;
	bool is_sparse;
};

/* Abort for want of memory. ERR_FORMAT: unpacking_error has the words; *out is there in any case.
 */
enum err unpacking_begin_bytes(unpacking_source *source, void *context, enum unpacking_form form,
    struct unpacking **out) MUST_USE;
enum err unpacking_begin_tar(
    unpacking_source *source, void *context, struct unpacking **out) MUST_USE;
/* A tar that is a file, from its beginning; what is passed over is not read. `fd` is borrowed. */
enum err unpacking_begin_archive(int fd, struct unpacking **out) MUST_USE;
void unpacking_free(struct unpacking **u);

/* The next member: ERR_OK, ERR_NOT_FOUND behind the last one, ERR_FORMAT. */
enum err unpacking_next(struct unpacking *u, struct unpacking_member *m) MUST_USE;

/* Bytes of the member, or of what is unpacked: how many, 0 at the end, -1 if that failed. */
ssize_t unpacking_read(struct unpacking *u, const void **data);

const char *unpacking_error(const struct unpacking *u);

#endif
