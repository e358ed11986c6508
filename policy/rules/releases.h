/*
 * Releases of a family of reference sets: which of them count at a time. Only policy/ includes
 * this.
 *
 * The last release counts. In a window some others do instead, all from one to another: a host may
 * be upgraded, or be put back, until the window ends. Where windows of a family overlap, what any
 * of them has counts.
 */
#ifndef HALLMARK_POLICY_RULES_RELEASES_H
#define HALLMARK_POLICY_RULES_RELEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A window as the policy has it: open before its end. */
struct policy_window {
	size_t from, to; /* releases, both included */
	uint64_t until_s;
};

struct policy_family {
	const char *name;
	size_t release_count; /* at least 1; the oldest is 0 */
	size_t window_count;
	const struct policy_window *windows;
};

/* At least one release does at any time. */
bool release_counts(const struct policy_family *f, size_t release, uint64_t now_s);

/* What counts changes then, and not before; UINT64_MAX: never. */
uint64_t releases_until_s(const struct policy_family *f, uint64_t now_s);

/* How many count at one time, at most. */
size_t releases_at_once(const struct policy_family *f);

#endif
