/*
 * Where the walk of a log was, written down so that a restart goes on from there: the file `walk`
 * of its state directory. It is a cache. Whatever is wrong with it, the log is walked from its
 * first entry again, and so it is where a program of another version, or what is trusted of the
 * log, has come since.
 *
 *   "hallmark walk 1\n", SHA-256 of all that follows, SHA-256 of what it was walked under,
 *   be64 entries, root of their tree, be64 iat of the newest, the walk (log/walk/walk_frozen.h)
 */
#ifndef HALLMARK_REGISTER_FOLLOW_FROZEN_H
#define HALLMARK_REGISTER_FOLLOW_FROZEN_H

#include <stdint.h>

#include "log/walk/walk.h"
#include "proto/bytes.h"
#include "proto/digest.h"

struct frozen {
	struct digest under; /* what was trusted, and the program's version */
	uint64_t size;
	struct digest root;
	uint64_t newest_issued_s;
	struct view walk; /* of walk_freeze */
};

/* Walks of larger logs are not kept: 2,000,000 workloads. */
#define FROZEN_SIZE_MAX ((size_t)2 << 30)

/* `walk` of what is given is not looked at. ERR_UNSUPPORTED as walk_freeze; ERR_IO, ERR_MEMORY. */
enum err frozen_write(int dir, const struct frozen *f, const struct walk *w) MUST_USE;

/* A view into `bytes`, which is appended to. ERR_NOT_FOUND, ERR_FORMAT, ERR_DIGEST; as reading. */
enum err frozen_read(int dir, struct buf *bytes, struct frozen *out) MUST_USE;

/* The same of what was read: whatever it is. */
enum err frozen_parse(struct view bytes, struct frozen *out) MUST_USE;

#endif
