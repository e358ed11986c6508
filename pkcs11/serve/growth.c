#include "pkcs11/serve/growth.h"

#include <stdlib.h>

#include "proto/wire/keychannel.h"

#define FULL_US (KEYCHANNEL_GROWTH_MAX * 1000000ULL / GROWTH_PER_S) /* from empty */

void
growth_begin(struct growth *g, uint64_t now_us, uint64_t rested_us)
{
	*g = (struct growth){0, now_us};
	(void)growth_level(g, now_us + (rested_us < FULL_US ? rested_us : FULL_US));
	g->at_us = now_us;
}

uint64_t
growth_level(struct growth *g, uint64_t now_us)
{
	uint64_t since_us = now_us - g->at_us < FULL_US ? now_us - g->at_us : FULL_US;
	uint64_t more = since_us * GROWTH_PER_S / 1000000;

	if (more == 0)
		return g->level; /* what is less than one entry is not lost */
	g->at_us = now_us;
	g->level =
	    KEYCHANNEL_GROWTH_MAX - g->level > more ? g->level + more : KEYCHANNEL_GROWTH_MAX;
	return g->level;
}

void
growth_take(struct growth *g, uint64_t count)
{
	if (count > g->level)
		abort(); /* asked about before */
	g->level -= count;
}
