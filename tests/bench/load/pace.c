#include "tests/bench/load/pace.h"

/*
 * Each bundle alone at its time would be 50,000 wakes of the signer's core a second, and a virtual
 * machine pays dearly for an interrupt between processors: a quarter of the load's core, and some
 * of the signer's, which is to be measured. It adds up to this much to latencies of milliseconds.
 */
#define PACE_US 100

static uint64_t next_due_us(const struct pace *p);

void
pace_begin(struct pace *p, unsigned rate, uint64_t now_us)
{
	*p = (struct pace){.rate = rate, .began_us = now_us};
}

bool
pace_is_ready(const struct pace *p, uint64_t now_us)
{
	return p->rate > 0 && now_us >= p->next_us;
}

bool
pace_take(struct pace *p, uint64_t now_us, uint64_t *due_us)
{
	*due_us = next_due_us(p);
	if (*due_us > now_us)
		return false;
	p->taken++;
	p->next_us = now_us + PACE_US;
	return true;
}

uint64_t
pace_wait_us(const struct pace *p, uint64_t now_us)
{
	uint64_t due = next_due_us(p);

	if (due < p->next_us)
		due = p->next_us;
	return due > now_us ? due - now_us : 0;
}

static uint64_t
next_due_us(const struct pace *p)
{
	return p->began_us + p->taken * 1000000 / p->rate;
}
