/*
 * Watches (inotify(7)) on what a measurement reads, laid by the measuring process itself on each
 * open file before it is read: on the file that was opened, with the rights and through the view
 * that it is measured by, and without a moment between. Each measurement has an instance of its
 * own, which was made before it; whoever listens to that only sees that there is something to hear,
 * and measures again. No name or number of the kernel's or a stranger's is read anywhere.
 *
 * What changes without an event: memory of processes; what is written through a mapping, on a
 * network's file system by another host, or under another name of a file in a directory that is
 * watched as a whole. Rounds find that.
 *
 * Of the process, whichever of its threads lays them.
 */
#ifndef HALLMARK_COLLECTOR_WATCH_LAY_H
#define HALLMARK_COLLECTOR_WATCH_LAY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Watches of one measurement. The kernel takes about a kibibyte for each, and holds each user to
 * fs.inotify.max_user_watches, which is 8,192 at least and some 60,000 with 8 GiB of memory.
 */
#define WATCH_MOST 16384

/* From now on; `instance` is borrowed, -1 where none could be had. Before it, nothing is laid. */
void watch_begin(int instance);

bool watch_is_wanted(void);

/* A file or directory that is open, in whatever way. */
void watch_file(int fd);

/* What is watched of a directory, beside that it is moved or removed. */
enum watch_scope {
	WATCH_ITSELF, /* nothing */
	WATCH_NAMES,  /* what comes, goes and is renamed in it */
	WATCH_ALL,    /* and changes of the files in it */
};
void watch_directory(int fd, enum watch_scope scope);

/* So far: watches, and what has none. */
uint32_t watch_laid(void);
uint32_t watch_lacking(void);

#endif
