#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/due.h"

#define T 1800000000ULL

static const struct view host = {(const uint8_t *)"spiffe://t/host-1", 17};
static const struct view app = {(const uint8_t *)"app", 3};

static struct due_window
window(const char *collectors, const char *workloads, uint64_t from_s, uint64_t to_s)
{
	return (struct due_window){
	    view_of_string(collectors), view_of_string(workloads), from_s, to_s};
}

static void
promise_and_grace_make_the_due(void **state)
{
	(void)state;
	assert_int_equal(due_after_report(T, 60, false, 0, 30).at_s, T + 90);
	assert_int_equal(due_after_report(T, 60, false, 0, 30).count, 0);
}

static void
policy_cuts_the_promise_and_stands_in_for_it(void **state)
{
	(void)state;
	assert_int_equal(due_after_report(T, 3600, false, 60, 0).at_s, T + 60);
	assert_int_equal(due_after_report(T, 30, false, 60, 0).at_s, T + 30);
	assert_int_equal(due_after_report(T, 0, false, 60, 5).at_s, T + 65);
}

static void
nothing_promised_and_nothing_demanded_is_no_due(void **state)
{
	(void)state;
	assert_int_equal(due_after_report(T, 0, false, 0, 60).at_s, 0);
	assert_false(due_is_over(due_after_report(T, 0, false, 0, 60), T + 1000000));
}

static void
who_leaves_is_not_awaited(void **state)
{
	(void)state;
	assert_int_equal(due_after_report(T, 0, true, 60, 60).at_s, 0);
}

static void
an_absence_comes_after_the_due_not_at_it(void **state)
{
	const struct due d = due_after_report(T, 60, false, 0, 0);

	(void)state;
	assert_false(due_is_over(d, T + 60));
	assert_true(due_is_over(d, T + 61));
}

static void
a_silent_workload_is_named_once_a_day(void **state)
{
	struct due d = due_after_report(T, 60, false, 0, 10);

	(void)state;
	d = due_after_absence(d, T + 71);
	assert_int_equal(d.at_s, T + 71 + DUE_REPEAT_S);
	assert_int_equal(d.count, 1);
	assert_int_equal(due_after_absence(d, T + 100000).count, 2);
}

static void
down_time_is_no_silence(void **state)
{
	struct due d = due_after_report(T, 60, false, 0, 10);

	(void)state;
	assert_int_equal(due_after_start(d, T, T + 500).at_s, T + 510);
	assert_int_equal(due_after_start(d, T, T + 20).at_s, T + 70); /* never earlier */
	assert_int_equal(due_after_start(due_retired(d), T, T + 500).at_s, 0);
}

/* Of a time that was wrong nothing is left: not what was due by it, nor what it called absent. */
static void
set_back_all_is_due_as_if_it_were_of_now(void **state)
{
	struct due d = due_after_report(T + 864000, 60, false, 0, 10);

	(void)state;
	assert_int_equal(due_after_clock(d, T).at_s, T + 70);
	d = due_after_start(d, T + 864000, T + 900000);
	assert_int_equal(due_after_clock(d, T).at_s, T + 70);
	/* Promised before the clock was wrong, for longer than that took. */
	d = due_after_report(T - 100, 2592000, false, 0, 10);
	assert_int_equal(due_after_clock(d, T).at_s, T + 2592010);
	d = due_after_absence(d, T + 864000);
	assert_int_equal(due_after_clock(d, T).at_s, T + DUE_REPEAT_S);
	assert_int_equal(due_after_clock(due_retired(d), T).at_s, 0);
	d = due_after_report(T, 60, false, 20, 5);
	assert_int_equal(due_after_clock(d, T + 1).at_s, T + 26);
	/* The largest that bundle and policy may say. */
	d = due_after_report(T, 31536000, false, 31536000, 31536000);
	assert_int_equal(due_after_clock(d, T).at_s, T + 2 * 31536000);
	d = due_with_count(d, 1000000);
	assert_int_equal(d.count, DUE_COUNT_MAX);
	assert_int_equal(due_after_absence(d, T).count, DUE_COUNT_MAX);
}

/* So that a start after a start puts off no due for ever. */
static void
a_short_stop_moves_a_due_by_twice_its_time(void **state)
{
	struct due d = due_after_report(T, 60, false, 0, 10);

	(void)state;
	assert_int_equal(due_after_start(d, T + 69, T + 69).at_s, T + 70);
	assert_int_equal(due_after_start(d, T + 67, T + 69).at_s, T + 74);
	assert_int_equal(due_after_start(d, T + 64, T + 69).at_s, T + 79); /* its end, and grace */
	assert_int_equal(due_after_start(d, T + 100, T + 101).at_s, T + 72); /* it is over */
	for (uint64_t at_s = T + 60; at_s < T + 600; at_s += 50)
		d = due_after_start(d, at_s, at_s + 1);
	assert_int_equal(d.at_s, T + 71 + 10 * 2);
}

static void
a_due_in_a_window_is_moved_behind_it(void **state)
{
	const struct due_window w = window("spiffe://t/*", "a*", T + 50, T + 1000);
	struct due d = due_after_report(T, 60, false, 0, 10);

	(void)state;
	assert_int_equal(due_in_windows(d, &w, 1, host, app).at_s, T + 1010);
}

static void
a_window_of_others_or_of_another_time_moves_nothing(void **state)
{
	const struct due_window others[] = {
	    window("spiffe://t/*", "b*", T, T + 1000), window("spiffe://u/*", "a*", T, T + 1000),
	    window("spiffe://t/*", "a*", T, T + 70),      /* over when the due comes */
	    window("spiffe://t/*", "a*", T + 71, T + 90), /* begins after the due */
	};
	struct due d = due_after_report(T, 60, false, 0, 10);

	(void)state;
	assert_int_equal(due_in_windows(d, others, 4, host, app).at_s, T + 70);
}

static void
windows_that_follow_each_other_add_up(void **state)
{
	const struct due_window w[] = {
	    window("*://*/*", "*", T, T + 495), window("*://*/*", "*", T + 500, T + 900)};
	struct due d = due_after_report(T, 60, false, 0, 10);

	(void)state;
	assert_int_equal(due_in_windows(d, w, 2, host, app).at_s, T + 910);
}

/* With a grace, the end of the shorter one may lie in the longer one, or behind it. */
static void
of_windows_that_overlap_the_last_end_counts_in_any_order(void **state)
{
	const struct due_window shorter = window("*://*/*", "*", T + 10, T + 18);
	const struct due_window longer = window("*://*/*", "*", T + 10, T + 20);
	const struct due_window one[] = {shorter, longer}, other[] = {longer, shorter};
	const struct due d = {.at_s = T + 15, .grace_s = 5};

	(void)state;
	assert_int_equal(due_in_windows(d, one, 2, host, app).at_s, T + 25);
	assert_int_equal(due_in_windows(d, other, 2, host, app).at_s, T + 25);
}

/* The rule as it is written: of all that it lies in, the last end; and again. */
static uint64_t
moved_plainly(struct due d, const struct due_window *w, size_t count)
{
	uint64_t end_s;

	do {
		end_s = 0;
		for (size_t i = 0; i < count; i++)
			if (w[i].from_s <= d.at_s && d.at_s < w[i].to_s && w[i].to_s > end_s &&
			    w[i].workloads.data[0] == '*')
				end_s = w[i].to_s;
		if (end_s != 0)
			d.at_s = end_s + d.grace_s;
	} while (end_s != 0);
	return d.at_s;
}

/* A log of somebody's who wants to keep its reader busy: each window begins where another ends. */
static void
thousands_of_windows_are_looked_at_once_each(void **state)
{
	enum { COUNT = 5000 };
	static struct due_window w[COUNT];
	uint32_t random = 1;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		w[i] = window("*://*/*", "*", T + 10 * i, T + 10 * i + 10);
	for (unsigned i = 0; i < 1000; i++) {
		const struct due d = {.at_s = T + i, .grace_s = 0};

		assert_int_equal(due_in_windows(d, w, COUNT, host, app).at_s, T + 10 * COUNT);
	}
	for (unsigned round = 0; round < 2000; round++) {
		const struct due d = {
		    .at_s = T + round % 40, .grace_s = round % 5 & DUE_SECONDS_MAX};
		uint64_t from_s = T;

		for (unsigned i = 0; i < 8; i++) {
			random = random * 1664525 + 1013904223;
			from_s += random >> 29;
			w[i] = window("*://*/*", (random >> 20) % 4 == 0 ? "b" : "*", from_s,
			    from_s + 1 + ((random >> 10) % 20));
		}
		assert_int_equal(due_in_windows(d, w, 8, host, app).at_s, moved_plainly(d, w, 8));
	}
}

static void
a_left_out_absence_shows_after_the_slack(void **state)
{
	const struct due d = due_after_report(T, 60, false, 0, 0);

	(void)state;
	assert_false(due_was_left_out(d, T + 60 + DUE_SLACK_S));
	assert_true(due_was_left_out(d, T + 61 + DUE_SLACK_S));
	assert_false(due_was_left_out(due_retired(d), T + 10000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(promise_and_grace_make_the_due),
	    cmocka_unit_test(policy_cuts_the_promise_and_stands_in_for_it),
	    cmocka_unit_test(nothing_promised_and_nothing_demanded_is_no_due),
	    cmocka_unit_test(who_leaves_is_not_awaited),
	    cmocka_unit_test(set_back_all_is_due_as_if_it_were_of_now),
	    cmocka_unit_test(an_absence_comes_after_the_due_not_at_it),
	    cmocka_unit_test(a_silent_workload_is_named_once_a_day),
	    cmocka_unit_test(down_time_is_no_silence),
	    cmocka_unit_test(a_short_stop_moves_a_due_by_twice_its_time),
	    cmocka_unit_test(a_due_in_a_window_is_moved_behind_it),
	    cmocka_unit_test(a_window_of_others_or_of_another_time_moves_nothing),
	    cmocka_unit_test(windows_that_follow_each_other_add_up),
	    cmocka_unit_test(of_windows_that_overlap_the_last_end_counts_in_any_order),
	    cmocka_unit_test(thousands_of_windows_are_looked_at_once_each),
	    cmocka_unit_test(a_left_out_absence_shows_after_the_slack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
