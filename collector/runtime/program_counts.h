/*
 * How many processes of a workload run which program: the fact `processes`, a value "COUNT NAME"
 * for each name, sorted by it; the count is a class (count_class.h), the name is the text of
 * /proc/PID/exe.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_PROGRAM_COUNTS_H
#define HALLMARK_COLLECTOR_RUNTIME_PROGRAM_COUNTS_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Zero-initialised. */
struct program_counts {
	struct program_count {
		struct buf name;
		size_t processes;
	} * list;
	size_t count;
};

/* ERR_MEMORY. */
enum err program_counts_note(struct program_counts *c, struct view name) MUST_USE;

/* Sorts, and adds the fact. As component_add_fact. */
enum err program_counts_add(struct program_counts *c, struct component_builder *to) MUST_USE;

void program_counts_free(struct program_counts *c);

#endif
