/*
 * How files differ from a set of an image: four facts, with a value for each path.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_IMAGE_DIFFERENCE_H
#define HALLMARK_COLLECTOR_MEASURE_IMAGE_DIFFERENCE_H

#include "policy/sources/reference.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Of each fact; the rest is told by how many, and a digest: whoever is root in a container makes
 * files without end. */
#define IMAGE_DIFFERENCE_VALUES_MAX 4096
#define IMAGE_DIFFERENCE_BYTES_MAX  (1024 * 1024)

/* `files` are all there are, by path. ERR_MEMORY, or as component_add_fact. */
enum err image_difference_add(const struct component *files, const struct reference_set *set,
    struct component_builder *to) MUST_USE;

#endif
