/*
 * The executable mappings of a process, listed before anything that is mapped is looked at.
 *
 * The kernel hands out /proc/PID/maps in pieces, or mapping by mapping (procmap.h), and between two
 * of them a process may move a mapping (mremap) from where was not read yet to where was: it would
 * be in no piece. But the kernel counts the pages of a process that are executable and not
 * writable, wherever they are: VmExe and VmLib of /proc/PID/status are their sum. A listing that
 * has more or fewer of them is none and is made again. So who moves mappings all the time is seen,
 * or is `unstable`; to hide one it must not be executable at all while its process is listed.
 * When that is, inotify tells on the files of its directory, to those who see the collector's
 * mount of /proc: so the service has one of its own (config/systemd/hallmark-collector.service).
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_MAPPINGS_H
#define HALLMARK_COLLECTOR_MEMORY_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/memory/maps.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define MAPPINGS_MAX 65536 /* executable ones: vm.max_map_count is 65,530 by default */

/* A program that is being started maps a library in some ten calls, of a microsecond each. */
#define MAPPINGS_LISTINGS_MAX 16

/* Zero-initialised. */
struct mappings {
	struct maps_entry *list; /* by address; paths point into `text` */
	size_t count;
	size_t capacity;
	struct buf text;
};

/*
 * Lists those of the process whose directory in /proc is `dir`; what was listed before is dropped.
 * ERR_NOT_FOUND if it has ended; ERR_CHANGED if no listing had them all; ERR_FORMAT_SIZE over
 * MAPPINGS_MAX; ERR_IO with errno, ERR_FORMAT, ERR_MEMORY.
 */
enum err mappings_list(int dir, struct mappings *out) MUST_USE;

/*
 * The same files are mapped at the same addresses. What has no file, or one in memory alone, does
 * not count: a just-in-time compiler makes such mappings as it goes.
 */
bool mappings_same_files(const struct mappings *a, const struct mappings *b);

void mappings_free(struct mappings *m);

/* The mapping has no file: inode 0, or memory that several processes share. */
bool mapping_is_memory(const struct maps_entry *entry);

#endif
