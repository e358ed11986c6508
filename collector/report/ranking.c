#include "collector/report/ranking.h"

#include <stdlib.h>

static uint64_t rank(const struct ranking *s, size_t signer, uint64_t now_ms);

enum err
ranking_set(struct ranking *s, size_t count)
{
	*s = (struct ranking){.count = count, .pass_ms = calloc(count, sizeof(*s->pass_ms))};
	return s->pass_ms != NULL ? ERR_OK : ERR_MEMORY;
}

void
ranking_free(struct ranking *s)
{
	free(s->pass_ms);
	*s = (struct ranking){.count = 0};
}

size_t
ranking_at(const struct ranking *s, size_t place, uint64_t now_ms)
{
	size_t signer = 0, before;

	for (; signer + 1 < s->count; signer++) {
		before = 0;
		for (size_t i = 0; i < s->count; i++)
			before += rank(s, i, now_ms) < rank(s, signer, now_ms);
		if (before == place)
			break;
	}
	return signer;
}

bool
ranking_meet(struct ranking *s, size_t signer, uint64_t now_ms)
{
	const bool moves = signer != s->now;

	if (moves) {
		s->vain = 0;
		if (s->now == 0) {
			const bool again = s->came_ms != 0 && now_ms - s->came_ms < RANKING_BACK_MS;

			s->left_ms = again && s->left_ms != 0 ? 2 * s->left_ms : RANKING_BACK_MS;
			if (s->left_ms > RANKING_BACK_MOST_MS)
				s->left_ms = RANKING_BACK_MOST_MS;
			s->back_ms = now_ms + s->left_ms;
		}
		if (signer == 0)
			s->came_ms = now_ms;
		s->now = signer;
	}
	return moves;
}

void
ranking_receipt(struct ranking *s)
{
	s->vain = 0;
	s->pass_ms[s->now] = 0;
}

void
ranking_pass(struct ranking *s, uint64_t now_ms)
{
	s->pass_ms[s->now] = now_ms + RANKING_BACK_MS;
	s->vain = 0;
}

bool
ranking_lose(struct ranking *s, uint64_t now_ms)
{
	if (s->count == 1 || ++s->vain < RANKING_VAIN)
		return false;
	ranking_pass(s, now_ms);
	return true;
}

bool
ranking_has_other(const struct ranking *s, uint64_t now_ms)
{
	const size_t next = ranking_at(s, 0, now_ms);

	return next != s->now && s->pass_ms[next] <= now_ms;
}

bool
ranking_goes_back(struct ranking *s, uint64_t now_ms)
{
	if (s->now == 0 || now_ms < s->back_ms)
		return false;
	s->back_ms = now_ms + RANKING_BACK_MS;
	return true;
}

/*
 * Different for each: first who was spoken to last, then in their order; behind these, who is
 * passed over, the one that has been so for longest first.
 */
static uint64_t
rank(const struct ranking *s, size_t signer, uint64_t now_ms)
{
	if (s->pass_ms[signer] > now_ms)
		return (1 + s->pass_ms[signer]) * (s->count + 1) + signer;
	return signer == s->now ? 0 : 1 + signer;
}
