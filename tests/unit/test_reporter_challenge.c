/* Challenges on the collector's side: the newest of each workload waits, and none too often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/ground/interrupt.h"
#include "collector/report/reporter_challenge.h"

static struct reporter_challenge known[3];
static struct reporter_challenges all = {known, 3};

static int
setup(void **state)
{
	(void)state;
	memset(known, 0, sizeof(known));
	known[0].workload = "one";
	known[1].workload = "two";
	known[2].workload = "x";
	return 0;
}

static void
take(const char *workload, const char *challenge)
{
	reporter_take_challenge(&all, view_of_string(workload), view_of_string(challenge));
}

static void
expect_next(const char *workload, const char *challenge)
{
	size_t i = 99;
	uint64_t due_ms;

	assert_true(reporter_next_challenge(&all, NULL, &i, &due_ms));
	assert_string_equal(known[i].workload, workload);
	assert_true(
	    view_equal((struct view){known[i].nonce, known[i].size}, view_of_string(challenge)));
}

static void
expect_none(void)
{
	uint64_t due_ms;
	size_t i;

	assert_false(reporter_next_challenge(&all, NULL, &i, &due_ms));
}

static uint64_t
due_ms(void)
{
	uint64_t due;
	size_t i;

	assert_true(reporter_next_challenge(&all, NULL, &i, &due));
	return due;
}

static void
end(unsigned i)
{
	const struct reporter_challenge answered = known[i];

	reporter_end_challenge(&known[i], &answered);
}

static void
one_waits_for_each_workload(void **state)
{
	(void)state;
	expect_none();
	take("two", "01234567");
	expect_next("two", "01234567");
	assert_true(due_ms() <= interrupt_clock_ms());
	end(1);
	expect_none();
}

static void
what_is_not_configured_is_passed_over(void **state)
{
	(void)state;
	take("three", "01234567");
	take("tw", "01234567");
	take("two2", "01234567");
	take("", "01234567");
	expect_none();
}

static void
a_newer_one_takes_its_place(void **state)
{
	(void)state;
	take("one", "0123456789abcdef");
	take("one", "76543210");
	expect_next("one", "76543210");
	end(0);
	expect_none();
}

static void
one_that_came_meanwhile_waits_its_time(void **state)
{
	struct reporter_challenge answered;
	uint64_t began_ms;

	(void)state;
	take("one", "first nonce");
	answered = known[0];
	take("one", "other nonce");
	began_ms = interrupt_clock_ms();
	reporter_end_challenge(&known[0], &answered);
	expect_next("one", "other nonce");
	assert_true(due_ms() >= began_ms + REPORTER_REST_MS);
}

static void
a_flood_is_not_begun_more_often(void **state)
{
	uint64_t began_ms;

	(void)state;
	take("one", "01234567");
	began_ms = interrupt_clock_ms();
	end(0);
	for (unsigned i = 0; i < 1000; i++)
		take("one", "01234567");
	assert_true(due_ms() >= began_ms + REPORTER_REST_MS);
	assert_true(due_ms() <= interrupt_clock_ms() + REPORTER_REST_MS);
	take("two", "01234567"); /* which has had its rest */
	expect_next("two", "01234567");
	assert_true(due_ms() <= interrupt_clock_ms());
}

static void
the_one_that_waits_longest_is_next(void **state)
{
	(void)state;
	take("two", "01234567");
	known[1].due_ms = 5;
	take("one", "01234567");
	take("x", "01234567");
	known[2].due_ms = 3;
	expect_next("x", "01234567");
	take("x", "76543210"); /* keeps its place */
	expect_next("x", "76543210");
	end(2);
	expect_next("two", "01234567");
}

static void
an_attempt_without_one_changes_nothing(void **state)
{
	const struct reporter_challenge none = {.size = 0};

	(void)state;
	take("one", "01234567");
	reporter_end_challenge(&known[0], &none);
	expect_next("one", "01234567");
	assert_true(due_ms() <= interrupt_clock_ms());
}

static void
the_end_of_a_session_drops_all(void **state)
{
	(void)state;
	take("one", "01234567");
	take("two", "01234567");
	reporter_drop_challenges(&all);
	expect_none();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(one_waits_for_each_workload, setup),
	    cmocka_unit_test_setup(what_is_not_configured_is_passed_over, setup),
	    cmocka_unit_test_setup(a_newer_one_takes_its_place, setup),
	    cmocka_unit_test_setup(one_that_came_meanwhile_waits_its_time, setup),
	    cmocka_unit_test_setup(a_flood_is_not_begun_more_often, setup),
	    cmocka_unit_test_setup(the_one_that_waits_longest_is_next, setup),
	    cmocka_unit_test_setup(an_attempt_without_one_changes_nothing, setup),
	    cmocka_unit_test_setup(the_end_of_a_session_drops_all, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
