/*
 * Mappings of a process that have memory of their own, by /proc/PID/smaps: those of which
 * `Anonymous` or `Swap` is not zero. Swapped out may also be memory of a file system that lives in
 * it.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_SMAPS_H
#define HALLMARK_COLLECTOR_MEMORY_SMAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/memory/maps.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* Zero-initialised. */
struct smaps {
	struct smaps_mapping {
		uint64_t start, end;
	} * written;
	size_t count;
	size_t capacity;
};

/* Of the process `dir`: the executable ones. ERR_IO with errno, ERR_FORMAT, ERR_MEMORY. */
enum err smaps_list(int dir, struct smaps *out) MUST_USE;

/* What smaps_list does with each line and its line feed. Begins with a zero `at`. */
struct smaps_place {
	struct maps_entry mapping; /* that lines tell of, without its path */
	bool noted;
};
enum err smaps_take(struct smaps *to, struct smaps_place *at, struct view line) MUST_USE;

/* A part of the mapping is in one of them. */
bool smaps_has_written(const struct smaps *s, const struct maps_entry *mapping);

void smaps_free(struct smaps *s);

#endif
