/*
 * Component `files`: the files that a workload's patterns name (collector/files/pattern.h),
 * looked up from the host's root directory, so that what is measured has no say in what is found;
 * or from the process's where the configuration says so (`view: process`), so that a container's
 * files are the container's. ERR_MISMATCH where that is the view of a user namespace.
 *
 * A symbolic link that a pattern meets, at the end or on the way, is an item, SYMLINK, with the
 * digest of the text it holds; with `follow` what it leads to has its path (file_link.h).
 * Directories are no items; `**` descends into them. What is mounted where a wildcard meets it, and
 * a directory that cannot be read, is an item, UNREADABLE. Neither devices nor FIFOs nor sockets
 * are opened: SPECIAL. A file that changed while it was read is CHANGED, and so is one whose name
 * another one with other content took meanwhile. A name that is not there is no item.
 *
 * More files, or more bytes in them, than the limits and what may still be read: ERR_FORMAT_SIZE,
 * ERR_BUDGET; before the first is read, unless all of them were within that in the round before:
 * then as soon as it is met.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_FILES_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_FILES_H

#include "collector/measure/measure_context.h"

measure_function measure_files;

#endif
