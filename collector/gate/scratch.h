/*
 * A directory for what is measured until it is sent: of one gate alone, below that of the
 * collector's state, or for temporary files where that may not be written to.
 */
#ifndef HALLMARK_COLLECTOR_GATE_SCRATCH_H
#define HALLMARK_COLLECTOR_GATE_SCRATCH_H

#include <limits.h>
#include <stdbool.h>

#include "collector/ground/trouble.h"

#define SCRATCH_SIZE PATH_MAX

/* False with the trouble, and `path` is empty. */
bool scratch_make(const char *state_directory, char path[SCRATCH_SIZE], struct trouble *t);

/* With all in it. What cannot be removed stays. */
void scratch_remove(const char *path);

#endif
