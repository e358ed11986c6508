/*
 * The processes below one, as the kernel lists the children of each thread
 * (/proc/PID/task/TID/children): it takes no look at any other process of the host.
 *
 * While children end or move to another parent such a list may leave some out. So all is listed
 * until two listings after each other are the same: what is left out of one because something
 * ended, what ended is not in the next one; what moved up in the tree after that place was listed
 * is there in the next one.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_DESCENDANTS_H
#define HALLMARK_COLLECTOR_SUBJECT_DESCENDANTS_H

#include <sys/types.h>

#include "collector/subject/process_table.h"
#include "proto/err.h"

#define DESCENDANTS_MAX          16 /* beyond that a table of all processes costs no more */
#define DESCENDANTS_LISTINGS_MAX 8

/*
 * `main` and all below it, marked PROCESS_YES. Nothing is to be freed unless ERR_OK.
 * ERR_UNSUPPORTED: a table of all processes has to tell, because the kernel has no such lists
 * (CONFIG_PROC_CHILDREN), these are more than DESCENDANTS_MAX, or they do not hold still.
 * ERR_MEMORY.
 */
enum err descendants_read(pid_t main, struct process_table *out) MUST_USE;

#endif
