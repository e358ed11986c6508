/* The ring of signed trees: what is in it, what has fallen out, what never was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/serve/trees.h"

static struct digest
root_of(uint64_t size)
{
	struct digest d;

	digest_of(&size, sizeof(size), &d);
	return d;
}

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct trees));
	return *state != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
add(struct trees *t, uint64_t size)
{
	struct digest root = root_of(size);

	trees_add(t, size, &root);
}

static void
expect_known(const struct trees *t, uint64_t size)
{
	struct digest root = root_of(size);

	assert_non_null(trees_root(t, size));
	assert_true(digest_equal(trees_root(t, size), &root));
}

static void
none_is_known_at_first(void **state)
{
	assert_null(trees_root(*state, 0));
	assert_null(trees_root(*state, 1));
	assert_null(trees_root(*state, UINT64_MAX));
}

static void
each_is_found_by_its_size_and_no_other(void **state)
{
	struct trees *t = *state;

	for (uint64_t n = 0; n < 10; n++) {
		add(t, 7 * n);
		for (uint64_t size = 0; size < 80; size++) {
			if (size % 7 == 0 && size <= 7 * n)
				expect_known(t, size);
			else
				assert_null(trees_root(t, size));
		}
	}
}

static void
the_newest_again_changes_nothing(void **state)
{
	struct trees *t = *state;

	add(t, 5);
	add(t, 5);
	assert_int_equal(t->count, 1);
	add(t, UINT64_MAX);
	add(t, UINT64_MAX);
	assert_int_equal(t->count, 2);
	expect_known(t, UINT64_MAX);
}

/* Exactly so many are kept, wherever the ring has its seam. */
static void
the_oldest_falls_out(void **state)
{
	struct trees *t = *state;

	for (uint64_t n = 1; n <= 3 * KEYCHANNEL_TREES + 5; n++) {
		add(t, 2 * n);
		expect_known(t, 2 * n);
		assert_null(trees_root(t, 2 * n - 1));
		if (n <= KEYCHANNEL_TREES) {
			expect_known(t, 2);
			continue;
		}
		expect_known(t, 2 * (n - KEYCHANNEL_TREES + 1));
		assert_null(trees_root(t, 2 * (n - KEYCHANNEL_TREES)));
		assert_null(trees_root(t, 2));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(none_is_known_at_first),
	    TEST(each_is_found_by_its_size_and_no_other),
	    TEST(the_newest_again_changes_nothing),
	    TEST(the_oldest_falls_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
