/* Which of several signers is tried first, and when the first is gone back to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/report/ranking.h"

#define COUNT  3
#define NOW_MS 1000000

static void
expect_order(const struct ranking *s, uint64_t now_ms, size_t a, size_t b, size_t c)
{
	assert_int_equal(ranking_at(s, 0, now_ms), a);
	assert_int_equal(ranking_at(s, 1, now_ms), b);
	assert_int_equal(ranking_at(s, 2, now_ms), c);
}

static int
begin(void **state)
{
	static struct ranking s;

	*state = &s;
	return ranking_set(&s, COUNT) == ERR_OK ? 0 : -1;
}

static int
end(void **state)
{
	ranking_free(*state);
	return 0;
}

static void
who_was_spoken_to_last_is_first(void **state)
{
	struct ranking *s = *state;

	expect_order(s, NOW_MS, 0, 1, 2);
	assert_false(ranking_meet(s, 0, NOW_MS));
	assert_true(ranking_meet(s, 2, NOW_MS));
	expect_order(s, NOW_MS, 2, 0, 1);
	assert_false(ranking_has_other(s, NOW_MS));
}

static void
who_is_passed_over_is_last_for_a_while(void **state)
{
	struct ranking *s = *state;

	ranking_pass(s, NOW_MS);
	expect_order(s, NOW_MS, 1, 2, 0);
	assert_true(ranking_has_other(s, NOW_MS));
	assert_true(ranking_meet(s, 1, NOW_MS + 1));
	ranking_pass(s, NOW_MS + 1);
	expect_order(s, NOW_MS + 1, 2, 0, 1);
	expect_order(s, NOW_MS + RANKING_BACK_MS, 0, 2, 1);
	expect_order(s, NOW_MS + RANKING_BACK_MS + 1, 1, 0, 2);
}

static void
where_all_are_passed_over_nobody_is_turned_to(void **state)
{
	struct ranking *s = *state;

	for (size_t i = 0; i < COUNT; i++) {
		(void)ranking_meet(s, i, NOW_MS + i);
		ranking_pass(s, NOW_MS + i);
	}
	assert_false(ranking_has_other(s, NOW_MS + COUNT));
	/* The one with a receipt is not. */
	ranking_receipt(s);
	expect_order(s, NOW_MS + COUNT, 2, 0, 1);
}

static void
sessions_that_are_lost_count_until_a_receipt(void **state)
{
	struct ranking *s = *state;

	for (unsigned i = 1; i < RANKING_VAIN; i++)
		assert_false(ranking_lose(s, NOW_MS));
	ranking_receipt(s);
	for (unsigned i = 1; i < RANKING_VAIN; i++)
		assert_false(ranking_lose(s, NOW_MS));
	assert_true(ranking_lose(s, NOW_MS));
	expect_order(s, NOW_MS, 1, 2, 0);
}

static void
the_only_one_is_never_passed_over_for_that(void **state)
{
	struct ranking s;

	(void)state;
	assert_int_equal(ranking_set(&s, 1), ERR_OK);
	for (unsigned i = 0; i < 10 * RANKING_VAIN; i++)
		assert_false(ranking_lose(&s, NOW_MS));
	assert_int_equal(ranking_at(&s, 0, NOW_MS), 0);
	assert_false(ranking_has_other(&s, NOW_MS));
	ranking_free(&s);
}

/* Gone back to, and left again so much later: for how long it is left. */
static uint64_t
left_for(struct ranking *s, uint64_t later_ms)
{
	const uint64_t begun_ms = s->back_ms;

	assert_false(ranking_goes_back(s, begun_ms - 1));
	assert_true(ranking_goes_back(s, begun_ms));
	assert_true(ranking_meet(s, 0, begun_ms));
	assert_true(ranking_meet(s, 1, begun_ms + later_ms));
	return s->back_ms - begun_ms - later_ms;
}

static void
who_is_left_again_soon_is_left_for_longer(void **state)
{
	struct ranking *s = *state;

	assert_false(ranking_goes_back(s, NOW_MS));
	(void)ranking_meet(s, 1, NOW_MS);
	assert_int_equal(s->back_ms, NOW_MS + RANKING_BACK_MS);
	for (uint64_t ms = RANKING_BACK_MS * 2; ms < RANKING_BACK_MOST_MS; ms *= 2)
		assert_int_equal(left_for(s, 1000), ms);
	assert_int_equal(left_for(s, 1000), RANKING_BACK_MOST_MS);
	assert_int_equal(left_for(s, RANKING_BACK_MS), RANKING_BACK_MS);
}

static void
a_try_in_vain_is_made_again_later(void **state)
{
	struct ranking *s = *state;

	(void)ranking_meet(s, 1, NOW_MS);
	assert_true(ranking_goes_back(s, NOW_MS + RANKING_BACK_MS));
	assert_false(ranking_goes_back(s, NOW_MS + RANKING_BACK_MS));
	assert_true(ranking_goes_back(s, NOW_MS + 2 * RANKING_BACK_MS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(who_was_spoken_to_last_is_first, begin, end),
	    cmocka_unit_test_setup_teardown(who_is_passed_over_is_last_for_a_while, begin, end),
	    cmocka_unit_test_setup_teardown(
		where_all_are_passed_over_nobody_is_turned_to, begin, end),
	    cmocka_unit_test_setup_teardown(
		sessions_that_are_lost_count_until_a_receipt, begin, end),
	    cmocka_unit_test(the_only_one_is_never_passed_over_for_that),
	    cmocka_unit_test_setup_teardown(who_is_left_again_soon_is_left_for_longer, begin, end),
	    cmocka_unit_test_setup_teardown(a_try_in_vain_is_made_again_later, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
