#include "policy/rules/releases.h"

bool
release_counts(const struct policy_family *f, size_t release, uint64_t now_s)
{
	bool open = false;

	for (size_t i = 0; i < f->window_count; i++) {
		const struct policy_window *w = &f->windows[i];

		if (now_s >= w->until_s)
			continue;
		open = true;
		if (w->from <= release && release <= w->to)
			return true;
	}
	return !open && release + 1 == f->release_count;
}

uint64_t
releases_until_s(const struct policy_family *f, uint64_t now_s)
{
	uint64_t until_s = UINT64_MAX;

	for (size_t i = 0; i < f->window_count; i++)
		if (now_s < f->windows[i].until_s && f->windows[i].until_s < until_s)
			until_s = f->windows[i].until_s;
	return until_s;
}

/* Before the first window ends all are open, and then ever fewer. */
size_t
releases_at_once(const struct policy_family *f)
{
	size_t count = 0;

	for (size_t i = 0; i < f->release_count; i++)
		count += release_counts(f, i, 0);
	return count;
}
