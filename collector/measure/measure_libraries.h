/*
 * Component `libraries`: everything else that the processes of the workload have mapped executable.
 *
 * Each file is one item, however often and by how many of them it is mapped, and is read once. It
 * is read through /proc/PID/map_files, which is the mapped file itself (needs CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE), else by its name if device and inode are those of the mapping. What
 * cannot be had so is UNREADABLE, with what stands under its name now told by DELETED or REPLACED.
 *
 * Executable memory without a file is one item "[anon]" (as named memory, "[heap]", "[stack]" are
 * items of their own name), two if a part of it is WRITABLE too. The kernel's own [vdso],
 * [vsyscall] are left out unless the process made them WRITABLE, and so is the program file
 * (component `executable`).
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_LIBRARIES_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_LIBRARIES_H

#include "collector/measure/measure_context.h"

#define MEASURE_LIBRARIES_MAX 65536 /* files: vm.max_map_count is 65,530 by default */

measure_function measure_libraries;

#endif
