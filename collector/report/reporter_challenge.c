#include "collector/report/reporter_challenge.h"

#include <string.h>

#include "collector/ground/interrupt.h"

void
reporter_take_challenge(void *context, struct view workload, struct view challenge)
{
	struct reporter_challenges *all = context;
	const uint64_t now_ms = interrupt_clock_ms();

	for (size_t i = 0; i < all->count; i++) {
		struct reporter_challenge *c = &all->of[i];

		if (!view_equal(view_of_string(c->workload), workload))
			continue;
		if (c->size == 0)
			c->due_ms = c->rest_ms > now_ms ? c->rest_ms : now_ms;
		memcpy(c->nonce, challenge.data, challenge.size);
		c->size = challenge.size;
	}
}

void
reporter_drop_challenges(struct reporter_challenges *all)
{
	for (size_t i = 0; i < all->count; i++)
		all->of[i].size = 0;
}

bool
reporter_next_challenge(
    const struct reporter_challenges *all, const bool *passed, size_t *workload, uint64_t *due_ms)
{
	bool found = false;

	for (size_t i = 0; i < all->count; i++) {
		const struct reporter_challenge *c = &all->of[i];

		if (c->size == 0 || (passed != NULL && passed[i]) ||
		    (found && c->due_ms >= *due_ms))
			continue;
		found = true;
		*workload = i;
		*due_ms = c->due_ms;
	}
	return found;
}

void
reporter_end_challenge(struct reporter_challenge *c, const struct reporter_challenge *answered)
{
	const struct view now = {c->nonce, c->size}, then = {answered->nonce, answered->size};

	if (answered->size == 0)
		return;
	c->rest_ms = interrupt_clock_ms() + REPORTER_REST_MS;
	if (view_equal(now, then))
		c->size = 0;
	else
		c->due_ms = c->rest_ms;
}
