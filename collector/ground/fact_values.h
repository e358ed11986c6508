/*
 * The values of a fact, gathered one by one.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_FACT_VALUES_H
#define HALLMARK_COLLECTOR_GROUND_FACT_VALUES_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Zero-initialised. The bytes of the values are borrowed. */
struct fact_values {
	struct view *list;
	size_t count;
	size_t capacity;
};

/* ERR_MEMORY. */
enum err fact_values_append(struct fact_values *v, struct view value) MUST_USE;

/* Adds a fact of these values. As component_add_fact. */
enum err fact_values_add(
    const struct fact_values *v, const char *name, struct component_builder *to) MUST_USE;

void fact_values_free(struct fact_values *v);

#endif
