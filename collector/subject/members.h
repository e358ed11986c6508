/*
 * All processes of a workload: the main one, which names it (process_find.h), and
 *
 *   unit                   all others in its control group and in groups below
 *   pid_file, executable   its children, theirs, and so on. One that left its parents behind
 *                          (daemon(3)) is no one's child: such a program is named by its unit
 *
 * They are kept by number and start, so that many of them hold no descriptors, and are pinned when
 * they are looked at.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_MEMBERS_H
#define HALLMARK_COLLECTOR_SUBJECT_MEMBERS_H

#include <stddef.h>

#include "collector/subject/process.h"
#include "config/collector_config.h"

#define MEMBERS_MAX 32768 /* processes: what Linux has at most by default (kernel.pid_max) */

/* As often /proc is read again because a process ended before it was looked at. */
#define MEMBERS_LISTINGS_MAX 16

struct member {
	pid_t pid;
	uint64_t start_ticks;
};

struct members {
	struct member *list; /* sorted by pid; the main process is not in it */
	size_t count;
	size_t capacity;
};

/*
 * ERR_IO (may not look at one), ERR_FORMAT_SIZE (over MEMBERS_MAX), ERR_MEMORY, with the trouble in
 * words; then there is nothing to free.
 */
enum err members_find(const struct collector_workload *w, const struct process *main,
    struct members *out, struct trouble *t) MUST_USE;

void members_free(struct members *m);

/* Pins a member. ERR_NOT_FOUND if it has ended, ERR_IO. To be closed by process_close. */
enum err member_open(const struct member *m, struct process *out, struct trouble *t) MUST_USE;

#endif
