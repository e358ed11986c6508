/*
 * The directory of grants: a file each, of whatever name that begins with no dot. It is looked at
 * again and again, and a file is read once, until it is another one.
 *
 * Whoever can write to it can put anything there: what is no regular file, a link, what is larger
 * than a statement, and more files than GRANT_FILES_MAX are refused, and each is told once. What
 * was refused is looked at no more while it stays as it is.
 */
#ifndef HALLMARK_COLLECTOR_ACT_GRANT_BOX_H
#define HALLMARK_COLLECTOR_ACT_GRANT_BOX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "collector/act/grant.h"

#define GRANT_FILES_MAX 256 /* a host has some acts at most that wait */

struct grant_file {
	char name[NAME_MAX + 1];
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	bool is_seen;  /* while it is looked */
	bool is_good;  /* `grant` is there */
	bool was_told; /* why nothing is done by it */
	struct grant grant;
};

/* Zero-initialised: empty. */
struct grant_box {
	struct grant_file *file;
	size_t count;
	bool is_overfull; /* which was told */
};

/* What comes of it: `file` is NULL where `name` is none, with the trouble. */
typedef void grant_refuse(void *context, const char *name, enum err e, const struct trouble *t);

/* More than a file by itself can tell: ERR_OK, or why it is refused. */
typedef enum err grant_doubt(void *context, const struct grant *g, struct trouble *t);

/*
 * Looks again. `directory` is open; what is new is judged as grant_judge does and then by `doubt`.
 * Each refusal goes to `refuse` once. ERR_IO with errno, ERR_MEMORY: what is known stays.
 */
enum err grant_box_look(struct grant_box *b, int directory, const struct grant_keys *keys,
    const char *collector, uint64_t now_s, grant_doubt *doubt, grant_refuse *refuse,
    void *context) MUST_USE;

/* All is read and judged again. */
void grant_box_clear(struct grant_box *b);

#endif
