/*
 * Component `executable`: the program files that the processes of the workload run, an item each;
 * OTHER are those that the main process does not run.
 *
 * Bytes, size, mode and owner come from /proc/PID/exe, which is the file that was executed,
 * whatever stands under its name now. The path is what the kernel says; DELETED, REPLACED and
 * MEMFD say how it relates to the file, WRITABLE that a part of it is mapped writable and
 * executable at once. Of a script this is the interpreter: name the script under `files`.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_EXECUTABLE_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_EXECUTABLE_H

#include "collector/measure/measure_context.h"

measure_function measure_executable;

#endif
