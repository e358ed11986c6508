/*
 * Checkpoints with the witness's word on them, kept in a database of their own. They are evidence
 * and no cache: nobody can say again when a tree was seen. Of the last day each is kept; of the
 * time before, the first of each hour: whoever asks by when an entry was there is answered to the
 * hour.
 *
 * Used by one thread at a time.
 */
#ifndef HALLMARK_REGISTER_WITNESS_COSIGNED_H
#define HALLMARK_REGISTER_WITNESS_COSIGNED_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"

#define COSIGNED_ALL_S  86400 /* so long each is kept */
#define COSIGNED_EACH_S 3600  /* of older ones, one in so long a time */

struct cosigned;

/*
 * Made if it is not there. ERR_IO, said in the log, if it cannot be used: it is never made anew, as
 * whoever has it damaged could then have the witness cosign another tree. ERR_MEMORY.
 */
enum err cosigned_open(const char *path, struct cosigned **out) MUST_USE;
void cosigned_close(struct cosigned **c);

/* The newest of this origin. ERR_NOT_FOUND if there is none; ERR_IO. */
enum err cosigned_find_newest(
    struct cosigned *c, const char *origin, struct checkpoint *out, uint64_t *time_s) MUST_USE;

/* Appends the oldest note whose tree has `size` entries or more. ERR_NOT_FOUND, ERR_IO. */
enum err cosigned_find_covering(
    struct cosigned *c, const char *origin, uint64_t size, struct buf *note) MUST_USE;

/*
 * Keeps a note; it is durable when this returns. Drops what is over. ERR_IO: then it was not kept,
 * and must not leave.
 */
enum err cosigned_put(struct cosigned *c, const struct checkpoint *checkpoint, uint64_t time_s,
    struct view note) MUST_USE;

#endif
