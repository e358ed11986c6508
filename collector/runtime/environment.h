/*
 * The variables of all processes of a workload that the configuration asks for: those of the main
 * process in the order of its environment, then what others have besides, sorted, each once.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_ENVIRONMENT_H
#define HALLMARK_COLLECTOR_RUNTIME_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Zero-initialised but for the names, which are borrowed. */
struct environment {
	const char *const *names;
	size_t name_count;
	struct buf main, others; /* "NAME=value", each with a NUL behind it */
	size_t tidy_size;        /* bytes of `others` when they were sorted for the last time */
};

/* The bytes of a /proc/PID/environ; of the main process first. ERR_MEMORY. */
enum err environment_note(struct environment *e, struct view bytes, bool is_main) MUST_USE;

/* Adds the fact `environment`. As component_add_fact. */
enum err environment_add(struct environment *e, struct component_builder *to) MUST_USE;

/* Wipes it: there may be secrets in it. */
void environment_free(struct environment *e);

#endif
