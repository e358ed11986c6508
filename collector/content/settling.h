/*
 * Whether a file has settled. What is mapped and was written to is dirty until the kernel writes it
 * back, and until then more can be written there without another time of the file.
 *
 * How long that takes is the host's configuration (Documentation/admin-guide/sysctl/vm.rst): a page
 * is written back when it is older than vm.dirty_expire_centisecs, for which the kernel looks each
 * vm.dirty_writeback_centisecs, or never of itself (0).
 *
 * How long ago a file changed is told by the wall clock, and the kernel waits by one that only
 * goes on, and not while the machine is suspended. So nothing has settled for as long behind a step
 * forward of the first against the second.
 */
#ifndef HALLMARK_COLLECTOR_CONTENT_SETTLING_H
#define HALLMARK_COLLECTOR_CONTENT_SETTLING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

/* Seconds: twice what the kernel waits for by default; twice the longer of both, if it is more. */
#define SETTLING_LEAST_S 60

/* All zero: of no clock was anything seen yet. May be shared memory. */
struct settling {
	bool never; /* dirty pages stay, or it cannot be told */
	bool has_clock;
	int64_t wait_s;
	int64_t ahead_ms; /* so much the wall clock was ahead of the other */
	int64_t from_ms;  /* of the other: nothing settles before */
};

/* At the beginning of each round: reads what is configured. */
void settling_begin(struct settling *w);

/* Whether a file of which this is said had settled when it began to be read (wall clock). */
bool settling_is_over(struct settling *w, const struct statx *s, const struct timespec *began);

#endif
