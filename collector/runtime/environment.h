/*
 * The variables of all processes of a workload that the configuration asks for: those of the main
 * process in the order of its environment, then what others have besides, sorted, each once. And
 * the names of all variables that any of them has, without values, sorted, each once.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_ENVIRONMENT_H
#define HALLMARK_COLLECTOR_RUNTIME_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Of all names together no more are told one by one; what is beyond has a digest. */
#define ENVIRONMENT_NAMES_MAX 4096
#define ENVIRONMENT_NAME_MAX  1024 /* bytes */

/* Strings, each with a NUL behind it. */
struct environment_strings {
	struct buf text;
	size_t tidy_size; /* bytes when they were sorted for the last time */
};

/* Zero-initialised but for the names, which are borrowed. */
struct environment {
	const char *const *names;
	size_t name_count;
	struct buf main; /* "NAME=value", each with a NUL behind it */
	struct environment_strings others;
	struct environment_strings all_names;
};

/* The bytes of a /proc/PID/environ; of the main process first. ERR_MEMORY. */
enum err environment_note(struct environment *e, struct view bytes, bool is_main) MUST_USE;

/*
 * Adds the facts `environment`, if there are names, and `environment_names`, or beyond the limits
 * `environment_names_digest` instead. As component_add_fact.
 */
enum err environment_add(struct environment *e, struct component_builder *to) MUST_USE;

/* Wipes it: there may be secrets in it. */
void environment_free(struct environment *e);

#endif
