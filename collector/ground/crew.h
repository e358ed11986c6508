/*
 * Threads that do pieces of work which one of them, the first, finds: as many as there are
 * processors to run on, and it works with them where it is ahead of them or has no more to find.
 *
 * Pieces are a few, and are used again: what is found is held up where none is free. There need be
 * no thread at all: where the kernel gives none, the first does everything.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_CREW_H
#define HALLMARK_COLLECTOR_GROUND_CREW_H

#include <stddef.h>

#include "proto/err.h"

#define CREW_MOST   16 /* with the first one */
#define CREW_PIECES (2 * CREW_MOST)

/* Does a piece as the member of this number, from 0 on. */
typedef void crew_work(void *context, unsigned member, void *piece);

struct crew;

/* How many it could have here: 1 to CREW_MOST. */
unsigned crew_count(void);

/*
 * Begins `count` - 1 threads, or as many of them as there can be. `pieces` are CREW_PIECES of them,
 * `piece_size` bytes each, borrowed as `context` is. NULL: no memory.
 */
struct crew *crew_new(
    unsigned count, crew_work *work, void *context, void *pieces, size_t piece_size);

/* Ends the threads; nothing is under way. */
void crew_free(struct crew **c);

/* Of the first member. A piece that is not in use, for it to fill and then give. */
void *crew_take(struct crew *c);
void crew_give(struct crew *c, void *piece);

/* Until all that was given is done. */
void crew_rest(struct crew *c);

#endif
