/*
 * Finding the process of a workload.
 *
 * How a workload names its process:
 *   pid_file    a decimal number; the thread group leader with that number (pid_file.h)
 *   executable  the one process whose /proc/PID/exe is this file, by name or by file, deleted or
 *               replaced ones of that name included. Several: refused, with their numbers
 *   unit        a systemd unit: of the processes in its control group (of the system manager, not
 *               a user's) and in groups below it, the one that started first; the smaller pid of
 *               two that started in the same tick. No D-Bus is asked
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROCESS_FIND_H
#define HALLMARK_COLLECTOR_SUBJECT_PROCESS_FIND_H

#include "collector/subject/process.h"
#include "config/collector_config.h"

/*
 * Finds and pins. ERR_NOT_FOUND (there is none now), ERR_MISMATCH (several), ERR_IO (may not look),
 * ERR_FORMAT (the pid file); with the trouble in words. To be closed by process_close.
 */
enum err process_find(
    const struct collector_workload *w, struct process *out, struct trouble *t) MUST_USE;

#endif
