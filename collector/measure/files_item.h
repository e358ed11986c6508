/*
 * What a walk for component `files` has met, as an item, or counted as one.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_FILES_ITEM_H
#define HALLMARK_COLLECTOR_MEASURE_FILES_ITEM_H

#include <sys/stat.h>

#include "collector/measure/files_walking.h"
#include "proto/err.h"

/*
 * What has this name in `dir`, and the path where the walk stands; `s`: no directory. Errors with
 * the trouble: ERR_BUDGET, ERR_FORMAT_SIZE, and as file_read.
 */
enum err files_item_add(
    struct files_walk *w, int dir, const char *name, const struct statx *s) MUST_USE;

/* What stands there could not be looked at; `s` may be NULL, and `why`. As above. */
enum err files_item_add_unreadable(
    struct files_walk *w, const struct statx *s, const char *why) MUST_USE;

/* Says where the walk is, as it may be told, and why it does not go on. Returns `e`. */
enum err files_item_say(const struct files_walk *w, enum err e, const char *why);

#endif
