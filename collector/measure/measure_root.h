/*
 * Whose root directory the host's own files are read from: that of the process, where it has
 * another one than the collector (a container, a chroot), else the collector's.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_ROOT_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_ROOT_H

#include <stdbool.h>

#include "collector/measure/measure_context.h"

/*
 * Opens it (O_PATH). *of_process: it is that of the process. ERR_IO with the trouble if neither the
 * one nor the other can be told.
 */
enum err measure_root_open(struct measure_context *m, int *out, bool *of_process) MUST_USE;

/* Notes in what the component is made with that it was the process's: `options`, "root=process". */
enum err measure_root_note(struct component_builder *to) MUST_USE;

#endif
