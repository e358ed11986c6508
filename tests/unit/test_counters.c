#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/ground/counters.h"

static void
no_samples_give_zero(void **state)
{
	struct latency l = {0};

	(void)state;
	assert_int_equal(latency_quantile_us(&l, 0.99), 0);
}

static void
small_values_are_exact(void **state)
{
	struct latency l = {0};

	(void)state;
	for (uint64_t us = 0; us < 4; us++)
		latency_add(&l, us);
	assert_int_equal(latency_quantile_us(&l, 0.25), 0);
	assert_int_equal(latency_quantile_us(&l, 0.5), 1);
	assert_int_equal(latency_quantile_us(&l, 1.0), 3);
}

/* For any value the quantile is not below it, and at most a quarter above. */
static void
quantiles_bound_their_values(void **state)
{
	(void)state;
	for (uint64_t us = 4; us < 60000000; us += us / 7 + 1) {
		struct latency l = {0};

		latency_add(&l, us);
		latency_add(&l, us * 100);
		assert_true(latency_quantile_us(&l, 0.5) >= us);
		assert_true(latency_quantile_us(&l, 0.5) <= us + us / 4);
	}
}

static void
never_above_the_largest(void **state)
{
	struct latency l = {0};

	(void)state;
	latency_add(&l, 1000001);
	assert_int_equal(latency_quantile_us(&l, 0.5), 1000001);
	latency_add(&l, UINT64_MAX);
	assert_int_equal(l.count, 2);
}

/* One that has not waited yet has no gap; the longest stays. */
static void
the_longest_turn_is_kept(void **state)
{
	struct traffic t = {0};

	(void)state;
	traffic_turned(&t, 0, 99000000);
	assert_int_equal(traffic_loop_gap_max_us(&t), 0);
	traffic_turned(&t, 5000, 5000700);
	assert_int_equal(traffic_loop_gap_max_us(&t), 700);
	traffic_turned(&t, 6000, 6051000);
	traffic_turned(&t, 7000, 7000001);
	assert_int_equal(traffic_loop_gap_max_us(&t), 51000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_samples_give_zero),
	    cmocka_unit_test(small_values_are_exact),
	    cmocka_unit_test(quantiles_bound_their_values),
	    cmocka_unit_test(never_above_the_largest),
	    cmocka_unit_test(the_longest_turn_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
