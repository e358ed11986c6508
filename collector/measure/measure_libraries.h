/*
 * Component `libraries`: everything else that the processes of the workload have mapped executable.
 *
 * Each file is one item, however often and by how many of them it is mapped, and is read once. It
 * is read through /proc/PID/map_files, which is the mapped file itself (needs CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE), else by its name if device and inode are those of the mapping. What
 * cannot be had so is UNREADABLE, with what stands under its name now told by DELETED or REPLACED.
 *
 * All mappings are listed before anything is opened, and again at the end: until they are the same,
 * it is done again. Code that is not the file's any more is items of its own
 * (collector/memory/modified.h).
 *
 * Executable memory without a file is one item "[anon]" of each program (as named memory, "[heap]",
 * "[stack]" are items of their own name), with how much that is (collector/memory/run_time_code.h);
 * WRITABLE if a part of it is. What the kernel has mapped to
 * probe the process is PROBED instead. The kernel's own [vdso], [vsyscall] are left out unless the
 * process made them WRITABLE, and so is the program file (component `executable`).
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_LIBRARIES_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_LIBRARIES_H

#include "collector/measure/measure_context.h"

/* As often a process is measured whose mapped files are others behind that than they were. */
#define MEASURE_MAPPED_MAX 8

measure_function measure_libraries;

#endif
