/*
 * The files that processes of a workload use without running them (collector/scripts/used_files.h),
 * for component `files`: since when each is used; and each as an item, where that is asked for.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_USED_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_USED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collector/files/file_terms.h"
#include "collector/measure/measure_context.h"

#define MEASURE_USED_MAX 65536 /* files of all processes */

/* Zero-initialised. */
struct used {
	struct used_file {
		dev_t device;
		ino_t inode;
		uint64_t start_ticks; /* of the process that began first */
	} * list;                     /* by device and inode */
	size_t count;
	size_t capacity;
};

/*
 * Those of all processes; with `scripts: true` in the configuration they are added as items, under
 * the kernel's name, and on the terms of that. ERR_CHANGED, ERR_BUDGET, ERR_FORMAT_SIZE beyond a
 * limit, as measure_members.
 */
enum err measure_used(struct measure_context *m, const struct file_terms *terms,
    struct component_builder *to, struct used *out) MUST_USE;

/* A process uses it that began before it was changed. */
bool measure_used_is_newer(const struct used *u, const struct stat *s);

void measure_used_free(struct used *u);

#endif
