/* The queue of dues: the first one is found, whatever moved since. */
#include "tests/lib/vectors.h"

#include "log/walk/dues.h"

#define COUNT 1000

static void
set(struct dues *d, struct dues_item *item, uint64_t at_s)
{
	assert_int_equal(dues_set(d, item, at_s), ERR_OK);
	assert_int_equal(item->at_s, at_s);
}

static void
test_nothing_is_due_at_first(void **state)
{
	struct dues d = {.heap = NULL};
	struct dues_item item = {.at_s = 0};

	(void)state;
	assert_null(dues_first(&d, UINT64_MAX));
	set(&d, &item, 0);
	assert_null(dues_first(&d, UINT64_MAX));
	assert_int_equal(item.place, 0);
	dues_free(&d);
}

static void
test_before_means_before(void **state)
{
	struct dues d = {.heap = NULL};
	struct dues_item item = {.at_s = 0};

	(void)state;
	set(&d, &item, 100);
	assert_null(dues_first(&d, 100));
	assert_ptr_equal(dues_first(&d, 101), &item);
	assert_ptr_equal(dues_first(&d, 101), &item); /* it stays */
	dues_free(&d);
	assert_int_equal(item.place, 0);
}

static void
test_a_due_moves_both_ways(void **state)
{
	struct dues d = {.heap = NULL};
	struct dues_item a = {.at_s = 0}, b = {.at_s = 0};

	(void)state;
	set(&d, &a, 100);
	set(&d, &b, 200);
	set(&d, &a, 300);
	assert_ptr_equal(dues_first(&d, 1000), &b);
	set(&d, &a, 150);
	assert_ptr_equal(dues_first(&d, 1000), &a);
	set(&d, &b, 149);
	assert_ptr_equal(dues_first(&d, 1000), &b);
	set(&d, &b, 0);
	assert_ptr_equal(dues_first(&d, 1000), &a);
	set(&d, &a, 0);
	assert_null(dues_first(&d, 1000));
	assert_int_equal(d.count, 0);
	set(&d, &b, 7);
	assert_ptr_equal(dues_first(&d, 8), &b);
	dues_free(&d);
}

/* Against looking at all of them. */
static void
test_many_that_move_by_chance(void **state)
{
	struct dues d = {.heap = NULL};
	static struct dues_item items[COUNT];
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct dues_item *found;
		uint64_t least = UINT64_MAX;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		set(&d, &items[(seed >> 33) % COUNT], seed >> 40 & 3 ? (seed >> 45) % 5000 : 0);
		if (round % 16 != 0)
			continue;
		for (size_t i = 0; i < COUNT; i++)
			if (items[i].at_s != 0 && items[i].at_s < least)
				least = items[i].at_s;
		found = dues_first(&d, UINT64_MAX);
		assert_int_equal(found != NULL ? found->at_s : UINT64_MAX, least);
		assert_null(dues_first(&d, least));
	}
	dues_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_is_due_at_first),
	    cmocka_unit_test(test_before_means_before),
	    cmocka_unit_test(test_a_due_moves_both_ways),
	    cmocka_unit_test(test_many_that_move_by_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
