/*
 * The threads of a process. Ids, capabilities, filters and tracers are per thread in Linux, and the
 * first thread, whose /proc/PID/status is, may have ended long before the others.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_THREADS_H
#define HALLMARK_COLLECTOR_SUBJECT_THREADS_H

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * As often the threads are listed anew because one ended before it was looked at. Only those are
 * looked at that were not before, so that a program with many short-lived threads comes to an end.
 * One that does nothing but make threads that end at once has one ending in most listings.
 */
#define THREADS_LISTINGS_MAX 512
#define THREADS_STATUS_BYTES_MAX                                                                   \
	(16 * 1024 * 1024) /* of a `status`: 65,536 groups and the rest                            \
			    */

/*
 * Takes a thread: /proc/PID/task/TID, and the `status` there; both valid during the call.
 * ERR_NOT_FOUND: it has ended meanwhile.
 */
typedef enum err threads_visit(void *context, int dir, struct view status);

/*
 * Each living thread of the process whose /proc directory is `dir`: all that were there when the
 * threads were listed for the last time, and others that have ended since. ERR_NOT_FOUND if none
 * lives, ERR_CHANGED if threads end faster than they can be looked at, ERR_IO with errno,
 * ERR_FORMAT, ERR_MEMORY, or what a visit returned.
 */
enum err threads_each(int dir, threads_visit *visit, void *context) MUST_USE;

/*
 * Opens the directory by which all of the process can be looked at: `dir` again or, where the first
 * thread has ended, /proc/TID of another one. ERR_NOT_FOUND if none has a program, as in processes
 * of the kernel; ERR_IO with errno.
 */
enum err threads_open_living(int dir, int *out) MUST_USE;

#endif
