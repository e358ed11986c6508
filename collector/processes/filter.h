/*
 * The system calls that are left to each process of the collector: of all that a kernel has, or
 * will have, those that are listed. All else fails with EPERM and stands in the kernel's log
 * (audit, type=1326, with the number of the call), one line each; clone3 and openat2, which libc
 * tries first, fail as unknown and without a line: what they are asked for stands in memory, where
 * no filter sees it.
 *
 *   starting    reads files, and makes and ends processes of this program
 *   measuring   reads files. None is opened for writing, so neither a file nor the memory of
 *               another process, /proc/PID/mem, which its capabilities would open; no socket is
 *               made (one that can only ask what listens is there), nothing is created,
 *               removed, renamed, locked, traced or started
 *
 *   reporting   keeps files and speaks over the network. No process, no program, no tracing
 *   giving      keeps files, gives them to others, and answers processes of this host
 *   acting      keeps files, durably, and speaks to processes of this program
 *   fetching    reads files, and speaks over the network. No process, no program, and no socket to
 *               a process of this host but by an address
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_FILTER_H
#define HALLMARK_COLLECTOR_PROCESSES_FILTER_H

#include "collector/ground/trouble.h"
#include "proto/err.h"

enum filter_role {
	FILTER_STARTING,
	FILTER_MEASURING,
	FILTER_REPORTING,
	FILTER_GIVING,
	FILTER_ACTING,
	FILTER_FETCHING
};

/*
 * After everything else is given up, for ever, in all threads and in all processes to come; one
 * that was entered before stays in force. ERR_IO with the trouble in words: the program must not go
 * on.
 */
enum err filter_enter(enum filter_role role, struct trouble *t) MUST_USE;

/*
 * That of measuring processes, made once for all that a starting one makes, since making it costs
 * more than entering it. It signals nobody, not itself either. Sets *out to NULL first; ERR_IO.
 */
struct filter_made;
enum err filter_make(struct filter_made **out, struct trouble *t) MUST_USE;

/* By a process with one thread, whose maker has entered FILTER_STARTING. ERR_IO, as filter_enter.
 */
enum err filter_enter_made(const struct filter_made *f, struct trouble *t) MUST_USE;

#endif
