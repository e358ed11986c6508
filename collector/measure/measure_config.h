/*
 * Component `config`: the keys of the workload's configuration, as the files that are named for it
 * have them now (collector/keys/). What the process has made of them is another question. Files are
 * those of the process's root directory where it has another one than the collector
 * (measure_root.h). A file that is not there, or has not the form that is configured, leaves the
 * component out.
 *
 * `made` has in `patterns`, for each file, "NAME FORM PATH", and "NAME KEYS" for each pattern of
 * its keys; and in `options` what measure_root.h notes.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_CONFIG_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_CONFIG_H

#include "collector/measure/measure_context.h"

#define MEASURE_CONFIG_SIZE_MAX (4 * 1024 * 1024) /* bytes of a file */

measure_function measure_config;

#endif
