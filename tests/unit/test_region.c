/* Memory in small pieces: zeroed, apart from each other, where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/region.h"

#define PIECES 20000

static void
pieces_are_zeroed_and_stay_where_they_were(void **state)
{
	static uint8_t *piece[PIECES];
	struct region r = {NULL};

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		const size_t size = i % 37;

		piece[i] = region_memory(&r, size, 1);
		assert_int_equal((uintptr_t)piece[i] % _Alignof(uint64_t), 0);
		for (size_t k = 0; k < size; k++)
			assert_int_equal(piece[i][k], 0);
		memset(piece[i], (int)(i % 251), size);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < i % 37; k++)
			assert_int_equal(piece[i][k], i % 251);
	region_free(&r);
	assert_null(r.newest);
}

static void
a_piece_may_be_larger_than_all_before(void **state)
{
	struct region r = {NULL};
	uint8_t *small = region_memory(&r, 1, 8), *large = region_memory(&r, 1000, 1000);

	(void)state;
	memset(small, 1, 8);
	for (size_t i = 0; i < 1000000; i++)
		assert_int_equal(large[i], 0);
	memset(large, 2, 1000000);
	assert_int_equal(small[7], 1);
	region_free(&r);
}

static void
of_nothing_there_is_an_address(void **state)
{
	struct region r = {NULL};

	(void)state;
	assert_non_null(region_memory(&r, 0, 8));
	region_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_are_zeroed_and_stay_where_they_were),
	    cmocka_unit_test(a_piece_may_be_larger_than_all_before),
	    cmocka_unit_test(of_nothing_there_is_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
