/*
 * Giving up rights at start: no new privileges for ever, of the capabilities only those that
 * measuring needs, as far as they are held, and of the system calls those of filter.h:
 *
 *   CAP_SYS_PTRACE          to look into /proc/PID of other users' processes
 *   CAP_DAC_READ_SEARCH     to read files of other users
 *   CAP_CHECKPOINT_RESTORE  to open mapped files through /proc/PID/map_files
 *
 * Started as root the collector stays user 0, but may then only write where user 0 owns.
 */
#ifndef HALLMARK_COLLECTOR_RIGHTS_H
#define HALLMARK_COLLECTOR_RIGHTS_H

#include "collector/ground/trouble.h"
#include "proto/err.h"

/* ERR_IO with the trouble in words: the program must not go on. */
enum err rights_drop(struct trouble *t) MUST_USE;

#endif
