/*
 * The processes of a workload that is named by its executable.
 *
 * A process is one of them if
 *   - it runs the file that has the path now, by device and inode; or, where that is another one by
 *     now, one that had this name: with the host's root directory, so that no container's program
 * of the same name is it, and, deleted or not, under the path or what its links lead to;
 *   - and it is the user's (account.h): the configured one's; else root's, or the file's owner's.
 *     Whoever else runs the same program, or has another file of this name in a mount namespace of
 *     its own, is a stranger: neither the workload nor in its way;
 *   - and each configured pattern matches one of its arguments at least. These are the process's
 * own words: patterns choose among the user's own processes, which may deceive one another.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROGRAM_H
#define HALLMARK_COLLECTOR_SUBJECT_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "collector/subject/process_table.h"
#include "config/collector/collector_workload.h"

struct program {
	const struct collector_workload *workload;
	int root;                /* the host's, O_PATH */
	char resolved[PATH_MAX]; /* the path without symbolic links, or "" */
	bool has_file;           /* there is a file of the path now: */
	struct stat file;
	uid_t user; /* where one is configured */
};

/* ERR_NOT_FOUND (the user) or ERR_IO with the trouble. To be ended in any case. */
enum err program_begin(
    const struct collector_workload *w, struct program *out, struct trouble *t) MUST_USE;
void program_end(struct program *p);

process_table_visit program_visit; /* its context is a struct program */

/* Says why none is there. Gives ERR_NOT_FOUND. */
enum err program_complain_none(
    const struct program *p, const struct process_table *table, struct trouble *t) MUST_USE;

#endif
