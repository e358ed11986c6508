/*
 * Component `runtime`: how the processes run; arguments and start are those of the main one. Facts
 * and their values:
 *
 *   arguments                   each element of argv, as /proc/PID/cmdline has it now
 *   arguments_digest            instead of it, where they are too large: "sha256:<hex> <bytes>"
 *   environment                 "NAME=value" of the configured names that the processes were
 * started with (environment.h) processes                   how many run what (program_counts.h)
 *   uid, gid, groups, capabilities_..., seccomp, no_new_privs, tracer, namespace_..., cwd, root,
 *   threads_differ              of all threads (thread_rights.h)
 *   start_time                  clock ticks since boot
 *
 * Arguments and environment are the process's own words: it may have rewritten them.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_RUNTIME_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_RUNTIME_H

#include "collector/measure/measure_context.h"

#define MEASURE_ARGUMENTS_MAX      4096               /* values */
#define MEASURE_ARGUMENTS_SIZE_MAX (1024 * 1024)      /* bytes: more is only digested */
#define MEASURE_PROC_SIZE_MAX      (16 * 1024 * 1024) /* bytes: of cmdline, environ */

measure_function measure_runtime;

/* The fact `arguments` or `arguments_digest` of a /proc/PID/cmdline. */
enum err measure_runtime_arguments(struct view cmdline, struct component_builder *to) MUST_USE;

#endif
