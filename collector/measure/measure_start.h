/*
 * What there is of a program before it runs: its file, that of its interpreter where it is a script
 * (told as one of another process), and the libraries that would be loaded with it
 * (collector/loading/loader.h). Of a workload with `start`.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_START_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_START_H

#include "collector/measure/measure_context.h"

measure_function measure_start_executable;
measure_function measure_start_libraries;

#endif
