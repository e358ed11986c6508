/*
 * Where a log's mirror lies: in its state directory `mirror/log/`, in the form of a log's
 * directory, and `mirror/evidence/`, in that of an evidence store. It is a cache: what it is good
 * for to, is written down in `mirror/kept` when it is on stable storage, and what lies beyond is
 * fetched again after a crash.
 *
 *   entries N        tiles and entries of a tree of N
 *   pack-NNNNNNNN N  bytes of a pack
 */
#ifndef HALLMARK_REGISTER_FOLLOW_MIRROR_FILES_H
#define HALLMARK_REGISTER_FOLLOW_MIRROR_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/tile.h"

/* Packs are numbered from 1; 1 GiB each. */
#define MIRROR_PACKS_MAX 65536
#define MIRROR_PACK_NAME "pack-%08u"
#define MIRROR_NAME_SIZE 16 /* bytes of a pack's name, with NUL */

struct mirror_files {
	int dir, log, evidence; /* directories */
	uint64_t entries;
	unsigned packs;     /* that there are */
	uint64_t pack_size; /* bytes of the newest of them */
};

/*
 * Makes the directories where they are not, and takes what was written down; whatever is not so far
 * is cut off. `log`: path of the log's directory, which lies in one for this mirror alone, in the
 * log's state directory. ERR_IO, errno says why; ERR_MEMORY.
 */
enum err mirror_files_open(const char *log, struct mirror_files *out) MUST_USE;
void mirror_files_close(struct mirror_files *f);

/* A tile or a bundle; the directories of its path are made. All of these: ERR_IO, errno says why.
 */
enum err mirror_files_put(struct mirror_files *f, const char *path, struct view content) MUST_USE;

/* To the end of the newest pack, or as a new one. */
enum err mirror_files_append(struct mirror_files *f, struct view bytes) MUST_USE;
enum err mirror_files_begin_pack(struct mirror_files *f) MUST_USE;

/* All that was put is on stable storage, and written down: `entries` of them. */
enum err mirror_files_keep(struct mirror_files *f, uint64_t entries) MUST_USE;

/* Last: readers find what it refers to. */
enum err mirror_files_put_checkpoint(struct mirror_files *f, struct view note) MUST_USE;

/* A partial tile that a wider one has taken the place of. */
void mirror_files_drop(struct mirror_files *f, const char *path);

/* Tiles and entries are fetched again from the first one on; evidence stays. */
enum err mirror_files_forget(struct mirror_files *f) MUST_USE;

#endif
