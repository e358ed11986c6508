#include "collector/watch/pace.h"

void
pace_see(struct pace *p, uint64_t now_ms)
{
	if (p->seen_ms == 0)
		p->seen_ms = now_ms;
}

void
pace_forget(struct pace *p)
{
	p->seen_ms = 0;
}

uint64_t
pace_due_ms(const struct pace *p)
{
	const uint64_t settled_ms = p->seen_ms + WATCH_SETTLE_MS;

	if (p->seen_ms == 0)
		return UINT64_MAX;
	return settled_ms > p->rest_ms ? settled_ms : p->rest_ms;
}

void
pace_begin(struct pace *p, uint64_t now_ms, uint64_t took_ms, uint64_t least_ms, uint64_t most_ms)
{
	const uint64_t share_ms = took_ms * WATCH_SHARE;
	uint64_t pause_ms = share_ms > least_ms ? share_ms : least_ms;

	p->row = now_ms < p->rest_ms + p->pause_ms ? p->row + 1 : 1;
	if (p->row > WATCH_ROW && 2 * p->pause_ms > pause_ms)
		pause_ms = 2 * p->pause_ms;
	if (most_ms > WATCH_REST_MOST_MS)
		most_ms = WATCH_REST_MOST_MS;
	p->pause_ms = pause_ms < most_ms ? pause_ms : most_ms;
	p->rest_ms = now_ms + p->pause_ms;
	p->seen_ms = 0;
}
