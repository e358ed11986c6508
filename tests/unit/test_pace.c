/* How soon a workload is measured again because something of it has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/watch/pace.h"

#define LEAST_MS 1000
#define MOST_MS  3600000

/* One more measurement, `later_ms` behind the end of the rest; how long the next rest is. */
static uint64_t
rest_behind(struct pace *p, uint64_t later_ms, uint64_t took_ms)
{
	const uint64_t now_ms = p->rest_ms + later_ms;

	pace_see(p, now_ms - WATCH_SETTLE_MS);
	assert_int_equal(pace_due_ms(p), now_ms > p->rest_ms ? now_ms : p->rest_ms);
	pace_begin(p, now_ms, took_ms, LEAST_MS, MOST_MS);
	assert_int_equal(pace_due_ms(p), UINT64_MAX);
	return p->rest_ms - now_ms;
}

static void
first_change_counts(void **state)
{
	struct pace p = {0};

	(void)state;
	assert_int_equal(pace_due_ms(&p), UINT64_MAX);
	pace_see(&p, 5000);
	pace_see(&p, 5100);
	assert_int_equal(pace_due_ms(&p), 5000 + WATCH_SETTLE_MS);
	pace_forget(&p);
	assert_int_equal(pace_due_ms(&p), UINT64_MAX);
}

static void
rests_between(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_see(&p, 5000);
	pace_begin(&p, 5150, 10, LEAST_MS, MOST_MS);
	pace_see(&p, 5200);
	assert_int_equal(pace_due_ms(&p), 5150 + LEAST_MS);
}

static void
rest_is_a_share_of_what_measuring_takes(void **state)
{
	struct pace p = {.rest_ms = 100000};

	(void)state;
	assert_int_equal(rest_behind(&p, 0, 99), LEAST_MS);
	assert_int_equal(rest_behind(&p, 0, 700), 700 * WATCH_SHARE);
	assert_int_equal(rest_behind(&p, 0, 30000), WATCH_REST_MOST_MS);
}

static void
changes_without_end_are_told_less_and_less(void **state)
{
	struct pace p = {.rest_ms = 100000};
	uint64_t rest_ms = LEAST_MS;

	(void)state;
	for (unsigned i = 0; i < WATCH_ROW; i++)
		assert_int_equal(rest_behind(&p, 0, 1), LEAST_MS);
	for (unsigned i = 0; i < 10; i++) {
		rest_ms = 2 * rest_ms < WATCH_REST_MOST_MS ? 2 * rest_ms : WATCH_REST_MOST_MS;
		assert_int_equal(rest_behind(&p, rest_ms / 2 - 1, 1), rest_ms);
	}
	assert_int_equal(rest_behind(&p, rest_ms, 1), LEAST_MS);
}

static void
no_rest_is_longer_than_from_round_to_round(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_see(&p, 5000);
	pace_begin(&p, 6000, 1000, LEAST_MS, 3000);
	assert_int_equal(p.rest_ms, 9000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_change_counts),
	    cmocka_unit_test(rests_between),
	    cmocka_unit_test(rest_is_a_share_of_what_measuring_takes),
	    cmocka_unit_test(changes_without_end_are_told_less_and_less),
	    cmocka_unit_test(no_rest_is_longer_than_from_round_to_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
