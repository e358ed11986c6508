/*
 * Segments of lists, on stable storage, in files (collector/store/segment_file.h): what is new in
 * a measurement stands together in one, so that a first one of 200 segments costs one sync, and one
 * that changes later costs one small file.
 *
 * Where each stands is kept in memory, and read from the files at the start; of the same segment
 * the place in the later file counts. A file goes when nothing in it is needed; when more than half
 * of what all of them hold is not, and that is much, the rest is written into a new one.
 */
#ifndef HALLMARK_COLLECTOR_STORE_SEGMENT_STORE_H
#define HALLMARK_COLLECTOR_STORE_SEGMENT_STORE_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/component_list.h"

/* Bytes that nobody needs, and which are left alone. */
#define SEGMENT_STORE_SPARE (16ULL * 1024 * 1024)

struct segment_store;

/* `dir` must stay open. ERR_IO with the trouble in words, ERR_MEMORY. Sets *out to NULL first. */
enum err segment_store_open(int dir, struct segment_store **out, struct trouble *t) MUST_USE;
void segment_store_close(struct segment_store **s);

/*
 * Adds a segment unless it is there. It is durable once segment_store_commit was called. ERR_IO;
 * ERR_NO_ROOM: this one is not there; of a commit: none that was put since the last one is
 * (segment_store_lost).
 */
enum err segment_store_put(struct segment_store *s, const struct digest *digest, struct view bytes,
    struct trouble *t) MUST_USE;
enum err segment_store_commit(struct segment_store *s, struct trouble *t) MUST_USE;

/* How often such were lost until now. */
uint64_t segment_store_lost(const struct segment_store *s);

/* Opens the file in which a segment stands, from `offset` on. ERR_NOT_FOUND, ERR_IO. */
enum err segment_store_find(const struct segment_store *s, const struct digest *digest, int *fd,
    uint64_t *offset, uint64_t *size, struct trouble *t) MUST_USE;

/* Forgets for good what was lost or altered of a list's segments, so that it is stored again. */
void segment_store_check(struct segment_store *s, const struct component_list *l);

/*
 * Removes what is not needed: begin, name each list whose segments are, end. What was put and not
 * committed is given up. What cannot be removed stays, and costs room only.
 */
void segment_store_sweep_begin(struct segment_store *s);
void segment_store_keep(struct segment_store *s, const struct component_list *l);
void segment_store_sweep_end(struct segment_store *s);

#endif
