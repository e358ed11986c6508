/* How fast the guard may grow: in a moment, in a second, and behind a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pkcs11/serve/growth.h"
#include "proto/wire/keychannel.h"

#define SECOND 1000000ULL /* us */

static const uint64_t now = 77 * SECOND;

static void
test_begins_with_the_rest(void **state)
{
	static const struct {
		uint64_t rested_us, level;
	} cases[] = {{0, 0}, {1, 1}, {SECOND, GROWTH_PER_S}, {2 * SECOND, 2 * GROWTH_PER_S},
	    {4 * SECOND, KEYCHANNEL_GROWTH_MAX}, {UINT64_MAX, KEYCHANNEL_GROWTH_MAX}};
	struct growth g;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		growth_begin(&g, now, cases[i].rested_us);
		assert_int_equal(growth_level(&g, now), cases[i].level);
	}
}

static void
test_fills_and_is_full(void **state)
{
	struct growth g;

	(void)state;
	growth_begin(&g, now, UINT64_MAX);
	growth_take(&g, KEYCHANNEL_GROWTH_MAX);
	assert_int_equal(growth_level(&g, now), 0);
	assert_int_equal(growth_level(&g, now + SECOND), GROWTH_PER_S);
	growth_take(&g, GROWTH_PER_S);
	assert_int_equal(growth_level(&g, now + 2 * SECOND), GROWTH_PER_S);
	assert_int_equal(growth_level(&g, now + 1000 * SECOND), KEYCHANNEL_GROWTH_MAX);
	assert_int_equal(growth_level(&g, UINT64_MAX), KEYCHANNEL_GROWTH_MAX);
}

/* However often it is asked about, a second brings what a second brings. */
static void
test_nothing_is_lost_by_looking(void **state)
{
	struct growth g;

	(void)state;
	growth_begin(&g, now, 0);
	for (uint64_t us = 0; us <= SECOND; us++)
		(void)growth_level(&g, now + us);
	assert_in_range(growth_level(&g, now + SECOND), GROWTH_PER_S * 9 / 10, GROWTH_PER_S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_begins_with_the_rest),
	    cmocka_unit_test(test_fills_and_is_full),
	    cmocka_unit_test(test_nothing_is_lost_by_looking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
