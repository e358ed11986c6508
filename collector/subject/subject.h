/*
 * Finding the processes of a workload: the main one, which its facts are of where only one can be
 * meant, and all others that belong to it. By
 *
 * - a pid file: the process whose number stands there (pid_file.h), and its descendants;
 * - an executable: of those that run it (program.h) the one that none of the others is an ancestor
 *   of, and its descendants. Several such are refused, with their numbers;
 * - a unit, control groups or containers: all in the groups that are called so, and in groups below
 *   (grouped.h). Of each group, the main process is the first to start of those whose parent is not
 *   in it; of a systemd service, since it was started for the last time. Where the manager does not
 *   tell when that was, all of these are main ones: some may be left over from before. The oldest
 *   of all is *the* main one.
 *
 * With `main_only`, there are no others.
 *
 * No D-Bus is asked: what measures has no socket to ask by.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_SUBJECT_H
#define HALLMARK_COLLECTOR_SUBJECT_SUBJECT_H

#include "collector/subject/members.h"
#include "collector/subject/process.h"
#include "config/collector/collector_config.h"

/*
 * Finds and pins. ERR_NOT_FOUND (there is none now), ERR_MISMATCH (several), ERR_IO (may not look),
 * ERR_FORMAT (the pid file), ERR_FORMAT_SIZE (over MEMBERS_MAX), ERR_MEMORY; with the
 * trouble in words, and then nothing is to be freed. To be closed by process_close and
 * members_free.
 */
enum err subject_find(const struct collector_workload *w, struct process *main,
    struct members *others, struct trouble *t) MUST_USE;

#endif
