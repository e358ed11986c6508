/*
 * The process of a workload: finding it, and holding on to exactly this one while it is measured.
 *
 * A process is pinned by an open /proc/PID directory and a pidfd: both name this process for ever,
 * so a number that is used again cannot lead astray. Start time, program file and the addresses
 * that execve draws at random are noted, so that a process that became another program while it
 * was measured is noticed (process_check). Where the system draws none (setarch -R, a debugger),
 * one that became another program and the first one again is not.
 *
 * How a workload names its process:
 *   pid_file    a decimal number; the thread group leader with that number
 *   executable  the one process whose /proc/PID/exe is this file, by name or by file, deleted or
 *               replaced ones of that name included. Several: refused, with their numbers
 *   unit        a systemd unit: of the processes in its control group (of the system manager, not
 *               a user's) and in groups below it, the one that started first; the smaller pid of
 *               two that started in the same tick. No D-Bus is asked
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_PROCESS_H
#define HALLMARK_COLLECTOR_MEASURE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "collector/measure/procfs.h"
#include "config/collector_config.h"
#include "proto/err.h"

/* What must stay the same while a process is measured. */
struct process_identity {
	struct procfs_stat stat;
	dev_t program_device;
	ino_t program_inode;
};

struct process {
	pid_t pid;
	int dir;   /* /proc/PID */
	int pidfd; /* -1 where the kernel has none: before 5.3 */
	struct process_identity identity;
};

/*
 * Finds and pins. ERR_NOT_FOUND (there is none now), ERR_MISMATCH (several), ERR_IO (may not look),
 * ERR_FORMAT (the pid file); with the trouble in words. To be closed by process_close.
 */
enum err process_find(
    const struct collector_workload *w, struct process *out, struct trouble *t) MUST_USE;

/* Pins the process `pid`. ERR_NOT_FOUND, ERR_IO. */
enum err process_open(pid_t pid, struct process *out, struct trouble *t) MUST_USE;

/* ERR_CHANGED if the process has ended or runs another program now. */
enum err process_check(const struct process *p) MUST_USE;

void process_close(struct process *p);

/* A line of /proc/PID/cgroup puts the process into this unit of the system manager. */
bool process_cgroup_in_unit(struct view line, const char *unit);

/* The number in a pid file: decimal, white space around it allowed. ERR_FORMAT. */
enum err process_pid_parse(struct view text, pid_t *out) MUST_USE;

#endif
