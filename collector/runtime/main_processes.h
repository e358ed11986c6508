/*
 * Arguments and start of the main processes of a workload: one, or one of each part that it is
 * named by (collector/subject/subject.h).
 *
 *   arguments         where all have the same: each element of argv. Else each different list once,
 *                     sorted by its bytes in /proc/PID/cmdline, one behind the other, an empty list
 *                     as one empty value
 *   arguments_digest  instead of it, where one of them is too large: "sha256:<hex> <bytes>" of each
 *   mains_differ      only where they differ: "arguments PROCESSESxVALUES ...", of each list how
 *                     many have it (a class: count_class.h) and how many values are in it
 *   start_time        clock ticks since boot, sorted, each once
 *
 * Arguments are the processes' own words: they may have rewritten them.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_MAIN_PROCESSES_H
#define HALLMARK_COLLECTOR_RUNTIME_MAIN_PROCESSES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define MAIN_PROCESSES_MAX       4096               /* different lists of arguments */
#define MAIN_PROCESSES_BYTES_MAX (64 * 1024 * 1024) /* of all of them */
#define MAIN_ARGUMENTS_MAX       4096               /* values of a list */
#define MAIN_ARGUMENTS_SIZE_MAX  (1024 * 1024)      /* bytes of one: more is only digested */

/* Zero-initialised. */
struct main_processes {
	struct main_arguments {
		struct buf line; /* as in /proc/PID: a NUL behind each argument, mostly */
		size_t processes;
	} * lists;
	size_t count, bytes;
	uint64_t *starts;
	size_t start_count;
};

/* `cmdline` as in /proc/PID. ERR_FORMAT_SIZE over a limit, ERR_MEMORY. */
enum err main_processes_note(
    struct main_processes *m, struct view cmdline, uint64_t start_ticks) MUST_USE;

/* Sorts, and adds the facts. As component_add_fact. */
enum err main_processes_add(struct main_processes *m, struct component_builder *to) MUST_USE;

void main_processes_free(struct main_processes *m);

#endif
