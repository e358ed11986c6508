/*
 * What is remembered of each workload's files (collector/content/known_files.h), by the process
 * that starts measuring ones: a table each, which only this workload's processes get.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_REMEMBERED_H
#define HALLMARK_COLLECTOR_PROCESSES_REMEMBERED_H

#include <stddef.h>

#include "collector/content/known_files.h"
#include "config/collector/collector_config.h"

/* By number of the workload in the configuration. Zero-initialised: nothing is. */
struct remembered {
	struct known_files **tables; /* NULL: not used so far, or not to be kept */
	size_t count;
};

/*
 * The table of a workload; NULL where its configuration wants none, or there is no memory: then all
 * is read.
 */
struct known_files *remembered_of(
    struct remembered *r, const struct collector_config *config, size_t workload);

/*
 * Another configuration is in force: tables of workloads that it has too, with as much room, move
 * to their numbers there.
 */
void remembered_reload(
    struct remembered *r, const struct collector_config *old, const struct collector_config *fresh);

#endif
