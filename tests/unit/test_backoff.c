/* Waiting at random: within its bounds, and all over them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/ground/backoff.h"

/* A tenth of the range is missed by all draws once in 10^45 runs. */
#define DRAWS  1000
#define TENTHS 10

/* Draws lie in [least, most], and in every tenth of it. */
static void
expect_uniform(uint64_t (*draw)(unsigned), unsigned argument, uint64_t least, uint64_t most)
{
	unsigned hits[TENTHS] = {0};

	for (unsigned i = 0; i < DRAWS; i++) {
		const uint64_t number = draw(argument);

		assert_in_range(number, least, most);
		hits[(number - least) * TENTHS / (most - least + 1)]++;
	}
	for (unsigned i = 0; i < TENTHS; i++)
		assert_true(hits[i] > 0);
}

static uint64_t
draw_backoff(unsigned tries)
{
	return backoff_ms(tries, 1000, 60000);
}

static uint64_t
draw_jitter(unsigned percent)
{
	return backoff_jitter_ms(60000, percent);
}

static void
waits_double_up_to_the_most(void **state)
{
	(void)state;
	expect_uniform(draw_backoff, 0, 0, 1000);
	expect_uniform(draw_backoff, 1, 0, 2000);
	expect_uniform(draw_backoff, 5, 0, 32000);
	expect_uniform(draw_backoff, 6, 0, 60000);
	expect_uniform(draw_backoff, 7, 0, 60000);
	expect_uniform(draw_backoff, UINT32_MAX, 0, 60000);
}

static void
jitter_is_to_both_sides(void **state)
{
	(void)state;
	expect_uniform(draw_jitter, 10, 54000, 66000);
	expect_uniform(draw_jitter, 50, 30000, 90000);
	for (unsigned i = 0; i < DRAWS; i++)
		assert_int_equal(backoff_jitter_ms(60000, 0), 60000);
	assert_int_equal(backoff_random(0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_double_up_to_the_most),
	    cmocka_unit_test(jitter_is_to_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
