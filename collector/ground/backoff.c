#include "collector/ground/backoff.h"

#include <stdlib.h>
#include <sys/random.h>

uint64_t
backoff_random(uint64_t most)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		abort(); /* eight bytes are never cut short, nor refused */
	/* The bias of the remainder is below 2^-30 for the milliseconds asked for here. */
	return most == UINT64_MAX ? number : number % (most + 1);
}

uint64_t
backoff_ms(unsigned tries, uint64_t first_ms, uint64_t most_ms)
{
	uint64_t limit = first_ms;

	while (tries-- > 0 && limit < most_ms)
		limit *= 2;
	return backoff_random(limit < most_ms ? limit : most_ms);
}

uint64_t
backoff_jitter_ms(uint64_t interval_ms, unsigned percent)
{
	const uint64_t spread = interval_ms / 100 * percent;

	return interval_ms - spread + backoff_random(2 * spread);
}
