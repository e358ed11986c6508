/*
 * Waiting at random, so that many collectors do not come back at once.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_BACKOFF_H
#define HALLMARK_COLLECTOR_GROUND_BACKOFF_H

#include <stdint.h>

/* Uniform in 0 to `most`, both included. */
uint64_t backoff_random(uint64_t most);

/*
 * Full jitter: uniform in 0 to first * 2^tries milliseconds, or to `most_ms` where that is less.
 */
uint64_t backoff_ms(unsigned tries, uint64_t first_ms, uint64_t most_ms);

/* `interval_ms` and up to `percent` (0-100) of it more or less, uniform. */
uint64_t backoff_jitter_ms(uint64_t interval_ms, unsigned percent);

#endif
