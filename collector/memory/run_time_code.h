/*
 * Executable memory without a file, as compilers at run time make it: how much of it the processes
 * of each program have.
 *
 * A running compiler makes more of it all the time, and a component must not change with each
 * round. So it is told of the process of a program that has most, and rounded up: bytes to a power
 * of two, RUN_TIME_CODE_BYTES_MIN at least, and the number of mappings to a power of two.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_RUN_TIME_CODE_H
#define HALLMARK_COLLECTOR_MEMORY_RUN_TIME_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/memory/maps.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define RUN_TIME_CODE_BYTES_MIN 65536

/* Of a program, under one name ("[anon]", "[heap]", ...). */
struct run_time_code_kind {
	struct buf program, name;
	bool writable;                    /* a part of it */
	uint64_t bytes, mappings;         /* of the process that has most */
	uint64_t bytes_now, mappings_now; /* of the one that is looked at */
};

/* Zero-initialised. */
struct run_time_code {
	struct run_time_code_kind *list;
	size_t count;
	size_t capacity;
};

/* What is noted from now on is of another process, or of the same one once more. */
void run_time_code_begin(struct run_time_code *c);

/* A mapping of the process, which runs `program`: the text of /proc/PID/exe. ERR_MEMORY. */
enum err run_time_code_note(
    struct run_time_code *c, struct view program, const struct maps_entry *mapping) MUST_USE;

/* Adds an item for each program and name. As component_add_file. */
enum err run_time_code_add(struct run_time_code *c, struct component_builder *to) MUST_USE;

void run_time_code_free(struct run_time_code *c);

#endif
