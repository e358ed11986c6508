/*
 * How fast content is read: no more than so many bytes in each second since it began, on the
 * average; who is ahead of that sleeps.
 */
#ifndef HALLMARK_COLLECTOR_CONTENT_RATE_H
#define HALLMARK_COLLECTOR_CONTENT_RATE_H

#include <stdatomic.h>
#include <stdint.h>

struct rate {
	uint64_t bytes_per_s; /* 0: as fast as can be */
	uint64_t begun_us;
	_Atomic uint64_t bytes;
};

/* From now on. */
void rate_begin(struct rate *p, uint64_t bytes_per_s);

/*
 * So many more were read, by whichever thread: sleeps as long as it must, but returns when the
 * program is asked to stop.
 */
void rate_keep(struct rate *p, uint64_t bytes);

#endif
