/*
 * Several threads for one component `files`: the first walks, and hands names of files to the
 * others, some of one directory at once. What comes of it is the same, since items are sorted: each
 * thread writes into a builder of its own, and these are joined in the end.
 *
 * They begin where there are many names, and not where the host has but one processor.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_FILES_HANDS_H
#define HALLMARK_COLLECTOR_MEASURE_FILES_HANDS_H

#include <stdbool.h>

#include "collector/measure/files_walking.h"
#include "proto/err.h"

struct files_piece;

/* What is done with each name: files_walk_name. */
typedef enum err files_hands_name(
    struct files_walk *w, int dir, const char *name, size_t index, unsigned depth);

/* For the walk `first`, which has none so far, and all that it borrows. ERR_MEMORY. */
enum err files_hands_new(struct files_walk *first, files_hands_name *name) MUST_USE;

/* Nothing is under way. What they have found is lost, unless it was joined. */
void files_hands_free(struct files_walk *first);

/* Whether what is found now may be done by others. It counts the names for which that is asked. */
bool files_hands_are_there(struct files_walk *w);

/*
 * Adds a name in the directory `dir`, where the walk stands, to `piece`, or to another one; begin
 * with NULL. What was added is done some time behind files_hands_give, or when a piece is full.
 * ERR_IO, ERR_MEMORY; ERR_CLOSED: one of the others has failed.
 */
enum err files_hands_add(struct files_walk *w, struct files_piece **piece, int dir,
    const char *name, size_t index, unsigned depth) MUST_USE;
void files_hands_give(struct files_walk *w, struct files_piece **piece);

/*
 * Until all is done. What one of the others has failed with, with the trouble, in place of
 * ERR_CLOSED; else `e`.
 */
enum err files_hands_rest(struct files_walk *w, enum err e) MUST_USE;

/* Joins what they have found to that of the first. As component_builder_join. */
enum err files_hands_join(struct files_walk *first) MUST_USE;

#endif
