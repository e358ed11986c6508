/*
 * Component `packages`: the installed Debian packages, from dpkg's status file. One fact, `dpkg`;
 * its values are "name version architecture", sorted bytewise. A host without dpkg has none, and
 * then the component is an error: it was asked for and cannot be had.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_PACKAGES_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_PACKAGES_H

#include <stdio.h>

#include "collector/measure/measure_context.h"

#define MEASURE_PACKAGES_MAX 200000 /* packages; Debian 12 has 64,000 in all */

measure_function measure_packages;

/* The fact from an open status file. ERR_FORMAT, ERR_FORMAT_SIZE, ERR_IO, ERR_MEMORY. */
enum err measure_packages_read(FILE *status, struct component_builder *to) MUST_USE;

#endif
