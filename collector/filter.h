/*
 * The system calls that are left to the collector. It holds capabilities to look into every process
 * of the host, so that whoever takes it over could write into root's by process_vm_writev: it
 * cannot trace, signal or start one. Files stay files: /proc/PID/mem, which a process with
 * CAP_SYS_PTRACE may open for writing, is one of them.
 */
#ifndef HALLMARK_COLLECTOR_FILTER_H
#define HALLMARK_COLLECTOR_FILTER_H

#include "collector/ground/trouble.h"
#include "proto/err.h"

/*
 * After the capabilities are given up, before anything is measured or sent: in all threads, for
 * ever, only what measuring, keeping state and TLS need. All else, and all that is newer than this
 * list, is refused with EPERM: no program, no process, no tracing,
 * no mount, no keyring and no call into the memory of others. ERR_IO with the trouble in words: the
 * program must not go on.
 */
enum err filter_enter(struct trouble *t) MUST_USE;

#endif
