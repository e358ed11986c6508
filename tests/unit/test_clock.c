/*
 * Whether the wall clock may date an entry: every rule of clock.h, by a machine whose clocks are
 * moved here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "signer/ground/clock.h"

#define SKEW_S 300
#define HOUR   3600
#define DAY    (24 * HOUR)
#define NOW_S  1795514400
#define UP_S   (3 * DAY)

struct machine {
	struct clock clock;
	struct clock_facts f;
};

/* One that has run for three days, with a log whose newest entry is this much older. */
static struct machine
started(int64_t newest_ago_s)
{
	struct machine m = {.f = {.wall_ms = NOW_S * 1000ULL,
				.boot_ms = UP_S * 1000ULL,
				.newest_s = (uint64_t)(NOW_S - newest_ago_s),
				.skew_ms = SKEW_S * 1000}};

	clock_begin(&m.clock, &m.f);
	return m;
}

static void
pass(struct machine *m, int64_t seconds)
{
	m->f.wall_ms += (uint64_t)(seconds * 1000);
	m->f.boot_ms += (uint64_t)(seconds * 1000);
}

/* The clock is set: the time since boot goes on as ever. */
static void
set(struct machine *m, int64_t by_s)
{
	m->f.wall_ms += (uint64_t)(by_s * 1000);
}

static void
hear(struct machine *m, size_t heard, size_t against)
{
	m->f.heard = heard;
	m->f.against = against;
}

static const char *
state(struct machine *m)
{
	return clock_state_name(clock_look(&m->clock, &m->f));
}

/* An entry is issued, if the clock is trusted. */
static void
issue(struct machine *m)
{
	assert_string_equal(state(m), "trusted");
	m->f.newest_s = m->f.wall_ms / 1000;
	clock_rely(&m->clock, &m->f);
}

static void
a_clock_that_runs_is_trusted(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	for (int i = 0; i < 100; i++) {
		issue(&m);
		pass(&m, 10 * DAY);
	}
}

static void
a_log_without_entries_has_nothing_to_say(void **unused)
{
	struct machine m = {.f = {.wall_ms = NOW_S * 1000ULL, .boot_ms = 5000, .skew_ms = 300000}};

	(void)unused;
	clock_begin(&m.clock, &m.f);
	assert_string_equal(state(&m), "trusted");
	assert_false(clock_asks_kernel(&m.clock, &m.f));
}

static void
set_by_the_skew_it_is_trusted_and_beyond_it_not(void **unused)
{
	struct machine m;

	(void)unused;
	for (int sign = -1; sign <= 1; sign += 2) {
		m = started(DAY);
		assert_string_equal(state(&m), "trusted");
		set(&m, sign * SKEW_S);
		assert_string_equal(state(&m), "trusted");
		assert_false(clock_asks_kernel(&m.clock, &m.f));
		m.f.wall_ms += (uint64_t)sign;
		assert_string_equal(state(&m), "moved");
		assert_true(clock_asks_kernel(&m.clock, &m.f));
	}
}

/* Ten years, for one report; it stays so however long it lasts. */
static void
moved_stays_moved_until_it_is_back(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	set(&m, 3650 * (int64_t)DAY);
	for (int i = 0; i < 10; i++) {
		assert_string_equal(state(&m), "moved");
		pass(&m, DAY);
	}
	set(&m, -3650 * (int64_t)DAY);
	assert_string_equal(state(&m), "trusted");
}

static void
moved_ends_with_the_kernels_word(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	set(&m, HOUR);
	assert_string_equal(state(&m), "moved");
	m.f.synchronised = true;
	assert_string_equal(state(&m), "trusted");
	/* Once trusted it is what the next move is held against. */
	m.f.synchronised = false;
	assert_string_equal(state(&m), "trusted");
	set(&m, -HOUR);
	assert_string_equal(state(&m), "moved");
}

/* Moves of less than the skew add up until an entry bears the time. */
static void
moves_add_up_since_the_last_entry(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	set(&m, 200);
	assert_string_equal(state(&m), "trusted");
	set(&m, 200);
	assert_string_equal(state(&m), "moved");
	set(&m, -200);
	issue(&m);
	set(&m, 200);
	assert_string_equal(state(&m), "trusted");
}

/* NTP slews both alike, and so does sleep; a leap second is none, whatever the skew. */
static void
slewing_sleep_and_a_leap_second_are_no_moves(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	pass(&m, 8 * HOUR); /* asleep */
	assert_string_equal(state(&m), "trusted");
	m.f.skew_ms = 0;
	set(&m, 1);
	assert_string_equal(state(&m), "trusted");
	set(&m, 2);
	assert_string_equal(state(&m), "moved");
}

/* A hypervisor held the machine: both clocks stood, and NTP sets one of them. */
static void
a_machine_that_was_held_goes_on_when_it_is_set_right(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	assert_string_equal(state(&m), "trusted");
	set(&m, 2 * HOUR);
	assert_string_equal(state(&m), "moved");
	m.f.synchronised = true;
	issue(&m);
}

static void
one_or_two_identities_neither_stop_nor_free_a_clock(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	hear(&m, 1, 1);
	assert_string_equal(state(&m), "trusted");
	hear(&m, 2, 2);
	assert_string_equal(state(&m), "trusted");
	set(&m, HOUR);
	hear(&m, 2, 0);
	assert_string_equal(state(&m), "moved");
}

static void
most_of_three_stop_it_whatever_the_kernel_says(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	m.f.synchronised = true;
	hear(&m, 3, 1);
	assert_string_equal(state(&m), "trusted");
	hear(&m, 3, 2);
	assert_string_equal(state(&m), "contradicted");
	hear(&m, 4, 2);
	assert_string_equal(state(&m), "trusted");
	hear(&m, 1000, 501);
	assert_string_equal(state(&m), "contradicted");
	hear(&m, 2, 2); /* the others were not heard for long */
	assert_string_equal(state(&m), "trusted");
	set(&m, HOUR); /* and where it was set too, that is said */
	m.f.synchronised = false;
	hear(&m, 3, 2);
	assert_string_equal(state(&m), "contradicted");
}

static void
most_of_three_free_a_clock_that_was_set(void **unused)
{
	struct machine m = started(60);

	(void)unused;
	issue(&m);
	set(&m, HOUR);
	hear(&m, 4, 2);
	assert_string_equal(state(&m), "moved");
	hear(&m, 3, 1);
	assert_string_equal(state(&m), "trusted");
}

static void
far_before_the_newest_entry_it_waits(void **unused)
{
	struct machine m = started(-20 * DAY);

	(void)unused;
	m.f.synchronised = true;
	hear(&m, 5, 0);
	assert_string_equal(state(&m), "behind");
	pass(&m, 20 * DAY - SKEW_S - 1);
	assert_string_equal(state(&m), "behind");
	pass(&m, 1);
	assert_string_equal(state(&m), "trusted");
}

static void
an_operator_sets_the_log_back(void **unused)
{
	struct machine m = started(-20 * DAY);

	(void)unused;
	assert_string_equal(state(&m), "behind");
	m.f.newest_s = m.f.wall_ms / 1000;
	clock_rely(&m.clock, &m.f);
	assert_string_equal(state(&m), "trusted");
}

/* Down for long and the machine with it, or the hardware clock is wrong: nobody can tell. */
static void
booted_since_the_newest_entry_it_needs_a_word(void **unused)
{
	struct machine m;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		m = started(i == 0 ? UP_S + SKEW_S + 1 : 3650 * (int64_t)DAY);
		assert_string_equal(state(&m), "unsynchronised");
		assert_true(clock_asks_kernel(&m.clock, &m.f));
		if (i < 2)
			m.f.synchronised = true;
		else
			hear(&m, 1, 0);
		assert_string_equal(state(&m), "trusted");
		m.f.synchronised = false;
		hear(&m, 0, 0);
		assert_string_equal(state(&m), "trusted");
	}
}

/* What lies is alone with itself: the first other that has the time frees the clock. */
static void
one_identity_that_lies_keeps_nobody_from_it(void **unused)
{
	struct machine m = started(30 * DAY);

	(void)unused;
	hear(&m, 1, 1);
	assert_string_equal(state(&m), "unsynchronised");
	hear(&m, 2, 2);
	assert_string_equal(state(&m), "unsynchronised");
	hear(&m, 2, 1);
	assert_string_equal(state(&m), "trusted");
}

/* The machine has run since: its clock was looked at, and not set. */
static void
started_again_on_the_same_boot_it_is_trusted(void **unused)
{
	struct machine m = started(UP_S);

	(void)unused;
	assert_string_equal(state(&m), "trusted");
	m = started(UP_S + SKEW_S); /* an entry is as late as the skew, or as early */
	assert_string_equal(state(&m), "trusted");
}

/* As the hardware clock is wrong, and then set right, before anything was issued. */
static void
set_right_before_the_first_entry_it_was_not_moved(void **unused)
{
	struct machine m = started(-20 * DAY);

	(void)unused;
	assert_string_equal(state(&m), "behind");
	set(&m, 20 * DAY + 60);
	assert_string_equal(state(&m), "trusted");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_that_runs_is_trusted),
	    cmocka_unit_test(a_log_without_entries_has_nothing_to_say),
	    cmocka_unit_test(set_by_the_skew_it_is_trusted_and_beyond_it_not),
	    cmocka_unit_test(moved_stays_moved_until_it_is_back),
	    cmocka_unit_test(moved_ends_with_the_kernels_word),
	    cmocka_unit_test(moves_add_up_since_the_last_entry),
	    cmocka_unit_test(slewing_sleep_and_a_leap_second_are_no_moves),
	    cmocka_unit_test(a_machine_that_was_held_goes_on_when_it_is_set_right),
	    cmocka_unit_test(one_or_two_identities_neither_stop_nor_free_a_clock),
	    cmocka_unit_test(most_of_three_stop_it_whatever_the_kernel_says),
	    cmocka_unit_test(most_of_three_free_a_clock_that_was_set),
	    cmocka_unit_test(far_before_the_newest_entry_it_waits),
	    cmocka_unit_test(an_operator_sets_the_log_back),
	    cmocka_unit_test(booted_since_the_newest_entry_it_needs_a_word),
	    cmocka_unit_test(one_identity_that_lies_keeps_nobody_from_it),
	    cmocka_unit_test(started_again_on_the_same_boot_it_is_trusted),
	    cmocka_unit_test(set_right_before_the_first_entry_it_was_not_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
