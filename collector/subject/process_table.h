/*
 * All processes that there are now, each with what a workload wants to know of it. They are kept by
 * number and start, so that many of them hold no descriptors.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROCESS_TABLE_H
#define HALLMARK_COLLECTOR_SUBJECT_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

/*
 * As often /proc is listed because a process ended before it was looked at. What was looked at by
 * then is not looked at again, but for those whose parent is gone: they have another one now.
 */
#define PROCESS_TABLE_READINGS_MAX 16

/* What a process is to a workload. */
enum process_mark {
	PROCESS_NONE,
	PROCESS_YES,             /* it is what the workload names */
	PROCESS_HIDDEN,          /* may not be looked at */
	PROCESS_STRANGER,        /* it would be, were it not another user's */
	PROCESS_OTHER_ARGUMENTS, /* it would be, but for its arguments */
	PROCESS_UNRELIABLE,      /* it says so, in a place where others than root can say it */
	PROCESS_ELSEWHERE,       /* its control group cannot be told from here */
};

struct process_entry {
	pid_t pid, parent;
	uint64_t start_ticks;
	enum process_mark mark;
	uint32_t group; /* number of the control group that makes it PROCESS_YES */
};

struct process_table {
	struct process_entry *list; /* sorted by pid */
	size_t count, capacity;
	bool missed; /* one ended before it was looked at */
};

/*
 * Marks a process, whose /proc directory is `dir`; of the entry, `pid` is there. ERR_NOT_FOUND: it
 * has ended. It may be asked for the same one again.
 */
typedef enum err process_table_visit(void *context, int dir, struct process_entry *entry);

/*
 * ERR_IO with the trouble, ERR_MEMORY, or what a visit returned; then there is nothing to free.
 * `which`: where parents that are nothing to a workload say nothing, they are not looked at any
 * further, which is half of what it costs.
 */
enum process_table_which { PROCESS_TABLE_ALL, PROCESS_TABLE_MARKED };
enum err process_table_read(process_table_visit *visit, void *context,
    enum process_table_which which, struct process_table *out, struct trouble *t) MUST_USE;

/*
 * Adds, of a table of marked ones, the parents of those that the workload names, theirs, and so on,
 * as far as they can be looked at. ERR_MEMORY.
 */
enum err process_table_add_parents(struct process_table *table) MUST_USE;

/* Of what is known otherwise: at least one, in any order. ERR_MEMORY. */
enum err process_table_of(
    const struct process_entry *list, size_t count, struct process_table *out) MUST_USE;

void process_table_free(struct process_table *table);

/* NULL: there is none. */
struct process_entry *process_table_find(const struct process_table *table, pid_t pid);

/* How many have this mark. */
size_t process_table_count(const struct process_table *table, enum process_mark mark);

/* One of its parents, theirs, and so on, has the mark that says it is what the workload names. */
bool process_table_is_below(const struct process_table *table, const struct process_entry *entry);

/* Marks all descendants of those that are marked PROCESS_YES so, too. */
void process_table_mark_below(struct process_table *table);

#endif
