/* Which releases of a family count at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/rules/releases.h"

static const struct policy_window windows[] = {{0, 1, 100}, {1, 2, 200}, {1, 1, 50}};

static void
expect(const struct policy_family *f, uint64_t now_s, const char *counting, uint64_t until_s)
{
	for (size_t i = 0; i < f->release_count; i++)
		assert_int_equal(release_counts(f, i, now_s), counting[i] == '1');
	assert_true(releases_until_s(f, now_s) == until_s);
}

static void
test_without_a_window_the_last_counts(void **state)
{
	const struct policy_family f = {"app", 4, 0, NULL};

	(void)state;
	expect(&f, 0, "0001", UINT64_MAX);
	assert_int_equal(releases_at_once(&f), 1);
}

/* A newer one than the window has is to come. */
static void
test_windows_end_one_by_one(void **state)
{
	const struct policy_family f = {"app", 4, 3, windows};

	(void)state;
	expect(&f, 49, "1110", 50);
	expect(&f, 50, "1110", 100);
	expect(&f, 99, "1110", 100);
	expect(&f, 100, "0110", 200);
	expect(&f, 199, "0110", 200);
	expect(&f, 200, "0001", UINT64_MAX);
	assert_int_equal(releases_at_once(&f), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_a_window_the_last_counts),
	    cmocka_unit_test(test_windows_end_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
