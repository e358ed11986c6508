/*
 * Walking along a pattern of component `files`, as measure_files.h has it: which names are met, and
 * what becomes of each.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_FILES_WALK_H
#define HALLMARK_COLLECTOR_MEASURE_FILES_WALK_H

#include "collector/measure/files_walking.h"
#include "proto/err.h"

/* From the root directory. Errors as measure_files, with the trouble. */
enum err files_walk_along(struct files_walk *w, const struct pattern *p) MUST_USE;

/*
 * One name in `dir`, where the walk stands: on part `index` of the pattern, so many directories
 * below `**`. Where it stands is as before then.
 */
enum err files_walk_name(
    struct files_walk *w, int dir, const char *name, size_t index, unsigned depth) MUST_USE;

#endif
