/*
 * What is due when, at a set rate: the k-th is due k/rate seconds after the beginning, and its
 * latency counts from then: a load that is late itself makes its own numbers worse, never better.
 */
#ifndef HALLMARK_LOAD_PACE_H
#define HALLMARK_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	unsigned rate;     /* a second; 0: none is set */
	uint64_t began_us; /* clock_us() */
	uint64_t taken;
	uint64_t next_us; /* nothing is sent before */
};

void pace_begin(struct pace *p, unsigned rate, uint64_t now_us);

/* Whether it is time to take what is due. */
bool pace_is_ready(const struct pace *p, uint64_t now_us);

/* Takes the next one, if it is due by now, and says since when. */
bool pace_take(struct pace *p, uint64_t now_us, uint64_t *due_us);

/* Until there is something to take. */
uint64_t pace_wait_us(const struct pace *p, uint64_t now_us);

#endif
