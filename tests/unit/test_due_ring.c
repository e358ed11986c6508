/* When a workload is looked at: never late, seldom in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "signer/chronicle/due_ring.h"

#define T   1800000000ULL
#define ALL SIZE_MAX

static struct due_ring *d;
static size_t over_count;
static struct workload *last_over;

static void
over(void *context, struct workload *w)
{
	(void)context;
	over_count++;
	last_over = w;
}

static void
due(struct workload *w, uint64_t at_s)
{
	w->head.due.at_s = at_s;
	due_ring_set(d, w);
}

static unsigned
place_of(const struct workload *w)
{
	assert_int_not_equal(w->due_place, 0);
	return w->due_place - 1U;
}

/* How many are overdue at this second that were not before. */
static size_t
look(uint64_t now_s)
{
	over_count = 0;
	assert_true(due_ring_look(d, now_s, ALL, over, NULL));
	return over_count;
}

static void
it_is_over_in_the_second_after_its_due(void **state)
{
	struct workload w = {0};

	(void)state;
	due(&w, T + 10);
	assert_int_equal(look(T + 10), 0);
	assert_int_equal(look(T + 11), 1);
	assert_ptr_equal(last_over, &w);
	assert_null(w.due_link);
	assert_int_equal(look(T + 5000), 0); /* it was handed over */
}

static void
a_later_due_is_only_stored(void **state)
{
	struct workload w = {0};

	(void)state;
	due(&w, T + 10);
	due(&w, T + 20);
	assert_int_equal(place_of(&w), (T + 11) % DUE_RING_SPAN_S); /* in vain, and put right */
	assert_int_equal(look(T + 20), 0);
	assert_int_equal(place_of(&w), (T + 21) % DUE_RING_SPAN_S);
	assert_int_equal(look(T + 21), 1);
}

static void
an_earlier_due_is_not_missed(void **state)
{
	struct workload w = {0}, x = {0}, y = {0};

	(void)state;
	due(&x, T + 500);
	due(&w, T + 500);
	due(&y, T + 500);
	due(&w, T + 10); /* out of the middle of a list */
	assert_int_equal(look(T + 11), 1);
	assert_ptr_equal(last_over, &w);
	assert_int_equal(look(T + 501), 2);
}

static void
one_without_a_due_is_forgotten(void **state)
{
	struct workload w = {0};

	(void)state;
	due(&w, 0);
	assert_null(w.due_link);
	due(&w, T + 10);
	due(&w, 0);
	assert_int_equal(look(T + 100), 0);
	assert_null(w.due_link);
	due(&w, T + 200); /* it reports again */
	assert_int_equal(look(T + 201), 1);
}

static void
far_dues_are_found_when_they_come(void **state)
{
	struct workload year = {0}, edge = {0}, next = {0};

	(void)state;
	due(&year, T + 31536000);
	due(&edge, T + DUE_RING_SPAN_S - 1);
	due(&next, T + DUE_RING_SPAN_S);
	for (uint64_t t = T; t < T + DUE_RING_SPAN_S; t++)
		assert_int_equal(look(t), 0);
	assert_int_equal(look(T + DUE_RING_SPAN_S), 1);
	assert_int_equal(look(T + DUE_RING_SPAN_S + 1), 1);
	assert_int_equal(look(T + 31536000), 0); /* many rounds of the ring in one step */
	assert_int_equal(look(T + 31536001), 1);
}

static void
a_due_that_is_past_already_is_over_at_once(void **state)
{
	struct workload w = {0};

	(void)state;
	assert_int_equal(look(T + 1000), 0);
	due(&w, T + 1);
	assert_int_equal(look(T + 1001), 1);
}

static void
a_look_stops_where_it_may_and_goes_on_there(void **state)
{
	struct workload w[10];
	size_t looks = 0;

	(void)state;
	memset(w, 0, sizeof(w));
	for (size_t i = 0; i < 10; i++)
		due(&w[i], T + 10);
	over_count = 0;
	while (!due_ring_look(d, T + 11, 3, over, NULL)) {
		looks++;
		assert_int_equal(over_count, 3 * looks);
	}
	assert_int_equal(looks, 3);
	assert_int_equal(over_count, 10);
}

/* In somebody else's list it stays there, whatever its due becomes. */
static void
who_is_elsewhere_is_left_there(void **state)
{
	struct workload w = {0}, other = {0};
	struct workload *list = NULL;

	(void)state;
	due(&w, T + 10);
	due_ring_move(&other, &list);
	due_ring_move(&w, &list);
	due(&w, T + 5);
	assert_ptr_equal(list, &w);
	assert_int_equal(look(T + 100), 0);
	due_ring_leave(&other);
	assert_ptr_equal(list, &w);
	due_ring_leave(&w);
	assert_null(list);
	due(&w, T + 5);
	assert_int_equal(look(T + 101), 1);
}

/* Against the plainest way: everybody is asked in every second. */
static void
nobody_is_late_whatever_happens(void **state)
{
	enum { COUNT = 200, SECONDS = 20000 };
	struct workload *w = calloc(COUNT, sizeof(*w));
	uint64_t now = T, expected, seed = 1;

	(void)state;
	while (now < T + SECONDS) {
		for (unsigned n = 0; n < 5; n++) {
			struct workload *one;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			one = &w[(seed >> 33) % COUNT];
			due(one, (seed >> 50) % 8 == 0 ? 0 : now + (seed >> 40) % 3000);
		}
		now += (seed >> 60) % 8 == 0 ? 1 + (seed >> 45) % 2500 : 1;
		expected = 0;
		for (size_t i = 0; i < COUNT; i++)
			expected += due_is_over(w[i].head.due, now);
		assert_int_equal(look(now), expected);
		for (size_t i = 0; i < COUNT; i++)
			if (due_is_over(w[i].head.due, now))
				due(&w[i], 0);
	}
	free(w);
}

static int
setup(void **state)
{
	(void)state;
	d = calloc(1, sizeof(*d));
	due_ring_begin(d, T);
	return d == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	free(d);
	return 0;
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(it_is_over_in_the_second_after_its_due),
	    ROW(a_later_due_is_only_stored),
	    ROW(an_earlier_due_is_not_missed),
	    ROW(one_without_a_due_is_forgotten),
	    ROW(far_dues_are_found_when_they_come),
	    ROW(a_due_that_is_past_already_is_over_at_once),
	    ROW(a_look_stops_where_it_may_and_goes_on_there),
	    ROW(who_is_elsewhere_is_left_there),
	    ROW(nobody_is_late_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
