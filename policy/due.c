#include "policy/due.h"

#include "proto/glob.h"

static bool matches(const struct due_window *w, struct view collector, struct view workload);

struct due
due_after_report(
    uint64_t iat_s, uint64_t next_s, bool leaving, uint32_t report_every_s, uint32_t grace_s)
{
	struct due d = {.grace_s = grace_s & DUE_SECONDS_MAX};
	uint64_t interval_s = next_s;

	if (interval_s == 0 || (report_every_s > 0 && report_every_s < interval_s))
		interval_s = report_every_s;
	if (!leaving && interval_s > 0) {
		d.interval_s = interval_s & DUE_SECONDS_MAX;
		d.at_s = iat_s + interval_s + grace_s;
	}
	return d;
}

struct due
due_after_absence(struct due d, uint64_t iat_s)
{
	d.at_s = iat_s + DUE_REPEAT_S;
	if (d.count < DUE_COUNT_MAX)
		d.count++;
	return d;
}

struct due
due_with_count(struct due d, uint64_t count)
{
	d.count = (count < DUE_COUNT_MAX ? count : DUE_COUNT_MAX) & DUE_COUNT_MAX;
	return d;
}

struct due
due_after_start(struct due d, uint64_t from_s, uint64_t to_s)
{
	const uint64_t most_s = to_s + d.grace_s;
	const uint64_t moved_s = d.at_s + 2 * (to_s - from_s);

	if (d.at_s != 0 && d.at_s < most_s)
		d.at_s = moved_s < most_s ? moved_s : most_s;
	return d;
}

struct due
due_after_clock(struct due d, uint64_t iat_s)
{
	if (d.at_s != 0 && d.count > 0)
		d.at_s = iat_s + DUE_REPEAT_S;
	else if (d.at_s != 0)
		d.at_s = iat_s + d.interval_s + d.grace_s;
	return d;
}

struct due
due_retired(struct due d)
{
	d.at_s = 0;
	return d;
}

/*
 * The end of one window may lie in another. Each is looked at once: of those that have begun, the
 * one that ends last is the one that a due lies in, if it lies in any.
 */
struct due
due_in_windows(struct due d, const struct due_window *windows, size_t count, struct view collector,
    struct view workload)
{
	uint64_t end_s = 0;
	size_t i = 0;

	if (d.at_s == 0)
		return d;
	for (;;) {
		for (; i < count && windows[i].from_s <= d.at_s; i++)
			if (windows[i].to_s > end_s && matches(&windows[i], collector, workload))
				end_s = windows[i].to_s;
		if (end_s <= d.at_s)
			return d;
		d.at_s = end_s + d.grace_s;
	}
}

bool
due_is_over(struct due d, uint64_t iat_s)
{
	return d.at_s != 0 && iat_s > d.at_s;
}

bool
due_was_left_out(struct due d, uint64_t iat_s)
{
	return d.at_s != 0 && iat_s > d.at_s + DUE_SLACK_S;
}

static bool
matches(const struct due_window *w, struct view collector, struct view workload)
{
	return glob_match(w->workloads, workload, GLOB_TEXT) &&
	       glob_match(w->collectors, collector, GLOB_IDENTITY);
}
