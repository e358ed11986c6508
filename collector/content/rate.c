#include "collector/content/rate.h"

#include <time.h>

#include "collector/ground/interrupt.h"

#define SLEEP_MOST_US 100000 /* so long a request to stop may wait */

static uint64_t clock_us(void);

void
rate_begin(struct rate *p, uint64_t bytes_per_s)
{
	p->bytes_per_s = bytes_per_s;
	p->begun_us = bytes_per_s > 0 ? clock_us() : 0;
	atomic_init(&p->bytes, 0);
}

void
rate_keep(struct rate *p, uint64_t bytes)
{
	uint64_t due_us, now_us, all;

	if (p->bytes_per_s == 0)
		return;
	all = atomic_fetch_add(&p->bytes, bytes) + bytes;
	due_us = p->begun_us + all / p->bytes_per_s * 1000000 +
		 all % p->bytes_per_s * 1000000 / p->bytes_per_s;
	while ((now_us = clock_us()) < due_us && !interrupt_stop()) {
		const uint64_t left_us =
		    due_us - now_us < SLEEP_MOST_US ? due_us - now_us : SLEEP_MOST_US;
		const struct timespec left = {0, (long)(left_us * 1000)};

		(void)nanosleep(&left, NULL);
	}
}

static uint64_t
clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
