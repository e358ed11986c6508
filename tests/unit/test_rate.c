/* How often somebody may ask: a burst, then a steady rate, and no more saved up than a burst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/ground/rate.h"

#define EACH_US (1000000 / RATE_PER_S)
#define NOW_US  5000000

static unsigned
take_all(struct rate *r, uint64_t now_us)
{
	unsigned taken = 0;

	while (rate_take(r, EACH_US, RATE_BURST, now_us))
		taken++;
	return taken;
}

static void
a_burst_at_once(void **state)
{
	struct rate r = {0};

	(void)state;
	assert_int_equal(take_all(&r, NOW_US), RATE_BURST);
	assert_false(rate_take(&r, EACH_US, RATE_BURST, NOW_US + EACH_US - 1));
}

static void
then_one_after_the_other(void **state)
{
	struct rate r = {0};

	(void)state;
	take_all(&r, NOW_US);
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(take_all(&r, NOW_US + i * EACH_US), 1);
}

static void
a_pause_saves_up_a_burst_and_no_more(void **state)
{
	struct rate r = {0};

	(void)state;
	take_all(&r, NOW_US);
	assert_int_equal(take_all(&r, NOW_US + 5 * EACH_US), 5);
	assert_int_equal(take_all(&r, NOW_US + 3600000000), RATE_BURST);
}

static void
what_is_refused_costs_nothing(void **state)
{
	struct rate r = {0};

	(void)state;
	take_all(&r, NOW_US);
	for (unsigned i = 0; i < 1000; i++)
		assert_false(rate_take(&r, EACH_US, RATE_BURST, NOW_US + 1));
	assert_true(rate_take(&r, EACH_US, RATE_BURST, NOW_US + EACH_US));
}

static void
a_clock_at_its_beginning(void **state)
{
	struct rate r = {0};

	(void)state;
	assert_int_equal(take_all(&r, 0), RATE_BURST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burst_at_once),
	    cmocka_unit_test(then_one_after_the_other),
	    cmocka_unit_test(a_pause_saves_up_a_burst_and_no_more),
	    cmocka_unit_test(what_is_refused_costs_nothing),
	    cmocka_unit_test(a_clock_at_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
