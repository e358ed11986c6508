/*
 * Executable mappings of a process, asked for one by one (PROCMAP_QUERY, Linux 6.11): of a process
 * with hundreds of mappings that is a tenth of the time in which all of maps is written and read.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_PROCMAP_H
#define HALLMARK_COLLECTOR_MEMORY_PROCMAP_H

#include <stdbool.h>

#include "collector/memory/maps.h"
#include "proto/err.h"

/* The request of ioctl(2), as 64-bit Linux has it. */
#define PROCMAP_REQUEST 0xc0686611U

/*
 * Calls back for each of the open file `maps`, by address, as a line there would tell of it. An
 * error of the callback ends the walk. `is_known`: false if this kernel does not answer, or the
 * filter of system calls does not let it; then nothing was told. ERR_NOT_FOUND if the process has
 * ended, ERR_IO with errno, ERR_MEMORY.
 */
enum err procmap_each(int maps, maps_visit *visit, void *context, bool *is_known) MUST_USE;

#endif
