/*
 * Whose root directory files are read from. The host's own: that of the process, where it has
 * another one than the host (a container, a chroot), else the host's. Those of the workload: as
 * configured.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_ROOT_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_ROOT_H

#include "collector/measure/measure_context.h"

/*
 * Opens it (O_PATH). *option: what is noted of it in what the component is made with,
 * "root=process", or where the host's root directory is configured to be; NULL: nothing. ERR_IO
 * with the trouble if neither the one nor the other can be told; ERR_MISMATCH with it for one of
 * the process's own that any user can make; ERR_CHANGED.
 */
enum err measure_root_open(struct measure_context *m, int *out, const char **option) MUST_USE;

/*
 * Opens the one that the workload's `view` names, for `files`. ERR_MISMATCH with the trouble if it
 * is what any user can make; ERR_IO with it, ERR_CHANGED.
 */
enum err measure_root_open_view(struct measure_context *m, int *root) MUST_USE;

/* Notes an option, if any, in what the component is made with. */
enum err measure_root_note(const char *option, struct component_builder *to) MUST_USE;

#endif
