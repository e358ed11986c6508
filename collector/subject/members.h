/*
 * The processes of a workload besides its main one (collector/subject/subject.h says which these
 * are). They are kept by number and start, so that many of them hold no descriptors, and are pinned
 * when they are looked at.
 *
 * A process that left its parents behind (daemon(3)) is no one's child: a program with such ones is
 * named by its unit or its control group.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_MEMBERS_H
#define HALLMARK_COLLECTOR_SUBJECT_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/subject/process.h"
#include "collector/subject/process_table.h"
#include "config/collector/collector_config.h"

#define MEMBERS_MAX 32768 /* processes: what Linux has at most by default (kernel.pid_max) */

struct member {
	pid_t pid;
	uint64_t start_ticks;
	bool is_main; /* of a part of the workload that the main process is not in */
};

struct members {
	struct member *list; /* sorted by pid; the main process is not in it */
	size_t count;
};

/*
 * Those of the table that are marked PROCESS_YES; or those below `main`, which are marked so.
 * ERR_FORMAT_SIZE (over MEMBERS_MAX), ERR_MEMORY, with the trouble in words; then there is nothing
 * to free.
 */
enum err members_marked(const struct collector_workload *w, const struct process_table *table,
    pid_t main, struct members *out, struct trouble *t) MUST_USE;
enum err members_below(const struct collector_workload *w, struct process_table *table, pid_t main,
    struct members *out, struct trouble *t) MUST_USE;

void members_free(struct members *m);

/* NULL: there is none of this number. */
struct member *members_get(const struct members *m, pid_t pid);

/* Pins a member. ERR_NOT_FOUND if it has ended, ERR_IO. To be closed by process_close. */
enum err member_open(const struct member *m, struct process *out, struct trouble *t) MUST_USE;

#endif
