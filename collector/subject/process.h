/*
 * Holding on to exactly one process while it is measured.
 *
 * A process is pinned by an open /proc/PID directory and a pidfd: both name this process for ever,
 * so a number that is used again cannot lead astray. Start time, program file and the addresses
 * that execve draws at random are noted, so that a process that became another program while it
 * was measured is noticed (process_check). Where the first thread has ended and others go on, only
 * by one of these can be looked into the process; when that ends too, it counts as changed. Where
 * the system draws none (setarch -R, a debugger), one that became another program and the first one
 * again is not.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROCESS_H
#define HALLMARK_COLLECTOR_SUBJECT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "collector/subject/procfs.h"
#include "proto/err.h"

/* What must stay the same while a process is measured. */
struct process_identity {
	struct procfs_stat stat;
	dev_t program_device;
	ino_t program_inode;
};

struct process {
	pid_t pid;
	int first; /* /proc/PID, of the first thread */
	int dir;   /* the same, or /proc/TID of another thread where the first one has ended */
	int pidfd; /* -1 where the kernel has none: before 5.3 */
	struct process_identity identity;
};

/* Pins the process `pid`. ERR_NOT_FOUND, ERR_IO. */
enum err process_open(pid_t pid, struct process *out, struct trouble *t) MUST_USE;

/* ERR_CHANGED if the process has ended or runs another program now. */
enum err process_check(const struct process *p) MUST_USE;

void process_close(struct process *p);

#endif
