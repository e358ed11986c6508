/*
 * Component `runtime`: how the processes run. Facts and their values:
 *
 *   arguments, arguments_digest, mains_differ, start_time
 *                   of the main processes (main_processes.h)
 *   environment     "NAME=value" of the configured names that the processes were started with
 *                   (environment.h)
 *   processes       how many run what (program_counts.h)
 *   uid, gid, groups, capabilities_..., seccomp, no_new_privs, tracer, namespace_..., cwd, root,
 *   threads_differ  of all threads (thread_rights.h)
 *
 * Arguments and environment are the process's own words: it may have rewritten them.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_RUNTIME_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_RUNTIME_H

#include "collector/measure/measure_context.h"

#define MEASURE_PROC_SIZE_MAX (16 * 1024 * 1024) /* bytes: of cmdline, environ */

measure_function measure_runtime;

#endif
