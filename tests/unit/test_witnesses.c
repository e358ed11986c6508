/*
 * Whose time the machine's clock is held against.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>

#include "signer/ground/witnesses.h"

#define SKEW_MS 300000
#define BOOT_MS 1000000ULL
#define WALL_MS 1795514400000ULL

static int
set_up(void **state)
{
	*state = witnesses_new();
	return *state == NULL;
}

static int
tear_down(void **state)
{
	struct witnesses *w = *state;

	witnesses_free(&w);
	assert_null(w);
	return 0;
}

/* At a time behind the beginning, by a clock that was set by so much meanwhile. */
static void
expect_at(struct witnesses *w, uint64_t later_ms, int64_t set_ms, size_t heard, size_t against)
{
	size_t h, a;

	witnesses_count(
	    w, WALL_MS + later_ms + (uint64_t)set_ms, BOOT_MS + later_ms, SKEW_MS, &h, &a);
	assert_int_equal(h, heard);
	assert_int_equal(a, against);
}

static void
the_time_may_differ_by_the_skew(void **state)
{
	witnesses_hear(*state, "a", WALL_MS + SKEW_MS, 0, BOOT_MS);
	witnesses_hear(*state, "b", WALL_MS - SKEW_MS, 0, BOOT_MS);
	expect_at(*state, 0, 0, 2, 0);
	witnesses_hear(*state, "a", WALL_MS + SKEW_MS + 1, 0, BOOT_MS);
	expect_at(*state, 0, 0, 2, 1);
	witnesses_hear(*state, "b", WALL_MS - SKEW_MS - 1, 0, BOOT_MS);
	expect_at(*state, 0, 0, 2, 2);
}

/* It was measured behind its nonce: not necessarily just now. */
static void
evidence_may_be_as_old_as_its_nonce(void **state)
{
	witnesses_hear(*state, "a", WALL_MS - SKEW_MS - 500000, 500000, BOOT_MS);
	expect_at(*state, 0, 0, 1, 0);
	witnesses_hear(*state, "a", WALL_MS - SKEW_MS - 500001, 500000, BOOT_MS);
	expect_at(*state, 0, 0, 1, 1);
	witnesses_hear(*state, "a", WALL_MS + SKEW_MS + 1, 500000, BOOT_MS);
	expect_at(*state, 0, 0, 1, 1);
}

static void
an_identity_is_one_by_its_newest_word(void **state)
{
	for (unsigned i = 0; i < 1000; i++)
		witnesses_hear(*state, "liar", WALL_MS + 86400000, 0, BOOT_MS + i);
	expect_at(*state, 1000, 0, 1, 1);
	witnesses_hear(*state, "liar", WALL_MS + 1000, 0, BOOT_MS + 1000);
	expect_at(*state, 1000, 0, 1, 0);
}

/* What was said before still means the same. */
static void
when_the_clock_is_set_they_are_against_it(void **state)
{
	witnesses_hear(*state, "a", WALL_MS, 0, BOOT_MS);
	witnesses_hear(*state, "b", WALL_MS, 0, BOOT_MS);
	witnesses_hear(*state, "ahead", WALL_MS + 86400000, 0, BOOT_MS);
	expect_at(*state, 60000, 0, 3, 1);
	expect_at(*state, 60000, 86400000, 3, 2);
	expect_at(*state, 60000, -86400000, 3, 3);
	expect_at(*state, 60000, 0, 3, 1);
}

static void
another_skew_counts_anew(void **state)
{
	size_t heard, against;

	witnesses_hear(*state, "a", WALL_MS + 400000, 0, BOOT_MS);
	expect_at(*state, 0, 0, 1, 1);
	witnesses_count(*state, WALL_MS, BOOT_MS, 400000, &heard, &against);
	assert_int_equal(against, 0);
}

static void
who_was_not_heard_for_long_does_not_count(void **state)
{
	witnesses_hear(*state, "a", WALL_MS + 86400000, 0, BOOT_MS);
	witnesses_hear(*state, "b", WALL_MS + 1000, 0, BOOT_MS + 1000);
	witnesses_hear(*state, "a", WALL_MS + 86402000, 0, BOOT_MS + 2000);
	expect_at(*state, 1000 + WITNESSES_LATELY_MS, 0, 2, 1);
	expect_at(*state, 1001 + WITNESSES_LATELY_MS, 0, 1, 1);
	expect_at(*state, 2001 + WITNESSES_LATELY_MS, 0, 0, 0);
}

static void
of_many_the_newest_are_kept(void **state)
{
	char name[16];

	for (unsigned i = 0; i < WITNESSES_MAX + 10; i++) {
		(void)snprintf(name, sizeof(name), "host-%u", i);
		witnesses_hear(*state, name, WALL_MS + (i < 10 ? 86400000 : 0), 0, BOOT_MS);
		if (i == 9)
			expect_at(*state, 0, 0, 10, 10);
	}
	expect_at(*state, 0, 0, WITNESSES_MAX, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_time_may_differ_by_the_skew, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(evidence_may_be_as_old_as_its_nonce, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		an_identity_is_one_by_its_newest_word, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		when_the_clock_is_set_they_are_against_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(another_skew_counts_anew, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_was_not_heard_for_long_does_not_count, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(of_many_the_newest_are_kept, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
