/* Numbers with units, versions and dates: their forms, their order, and ranges of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/values/number.h"
#include "policy/values/range.h"
#include "policy/values/version.h"

static int
order_of(const char *a, const char *b)
{
	struct number x, y;
	int order;

	assert_int_equal(number_parse(view_of_string(a), &x), ERR_OK);
	assert_int_equal(number_parse(view_of_string(b), &y), ERR_OK);
	if (!number_compare(&x, &y, &order))
		return 9;
	return order < 0 ? -1 : order > 0;
}

static void
numbers_have_one_form(void **state)
{
	static const char *const none[] = {"", "-", ".", "1.", ".5", "01", "00", "+1", "1e3",
	    "0x10", "1_000", "1,000", "1 ", " 1", "1  B", "1 000", "1234567890123456",
	    "1.1234567890", "1 k", "1M", "1 mib", "1 MIB", "1 sec", "--1", "1 B ", "\"7\"", "1\n",
	    "NaN", "inf", "1.5.5"};
	struct number n;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(number_parse(view_of_string(none[i]), &n), ERR_FORMAT);
	assert_int_equal(number_parse((struct view){(const uint8_t *)"1\0", 2}, &n), ERR_FORMAT);
	assert_int_equal(number_parse((struct view){NULL, 0}, &n), ERR_FORMAT);
}

static void
numbers_are_exact(void **state)
{
	(void)state;
	assert_int_equal(order_of("0.1", "0.100000000"), 0);
	assert_int_equal(order_of("0.1", "0.100000001"), -1);
	assert_int_equal(order_of("-0", "0.000"), 0);
	assert_int_equal(order_of("-1", "0"), -1);
	assert_int_equal(order_of("-2", "-1.5"), -1);
	assert_int_equal(
	    order_of("999999999999999.999999999 TiB", "999999999999999.999999998 TiB"), 1);
	assert_int_equal(order_of("999999999999999 TiB", "1 B"), 1);
	assert_int_equal(order_of("1024 KiB", "1MiB"), 0);
	assert_int_equal(order_of("1000 kB", "1 MB"), 0);
	assert_int_equal(order_of("512 B", "0.5 KiB"), 0);
	assert_int_equal(order_of("512 B", "0.5 kB"), 1);
	assert_int_equal(order_of("90 s", "1.5 min"), 0);
	assert_int_equal(order_of("1 d", "24 h"), 0);
	assert_int_equal(order_of("1000 us", "1 ms"), 0);
	assert_int_equal(order_of("5%", "5 %"), 0);
}

static void
numbers_of_different_families_have_no_order(void **state)
{
	(void)state;
	assert_int_equal(order_of("1", "1 B"), 9);
	assert_int_equal(order_of("1 s", "1 B"), 9);
	assert_int_equal(order_of("1", "1%"), 9);
	assert_int_equal(order_of("130MB", "128MiB"), 9);
}

static void
versions_have_debians_order(void **state)
{
	/* Each before the next. */
	static const char *const rising[] = {"0~~", "0~~a", "0~", "0", "0a", "0a1", "0z", "0+",
	    "0.1", "1~rc1-1", "1~rc1-1+b1", "1", "1-0.1", "1-1~deb12u1", "1-1", "1-1+deb12u1",
	    "1-2", "1-10", "1a", "1.9", "1.10", "1.10-1", "6.1.0-18-amd64", "6.1.0-18-cloud",
	    "2026.11.30", "1:0.1", "2:0"};
	static const char *const none[] = {"", "a1", "-1", ":1", "x:1", "1:", "1 2", "1:2:3", "1/2",
	    "v1", "1234567890:1", "1\xc3\xa9", "1%"};
	char longest[VERSION_SIZE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++)
		for (size_t j = 0; j < sizeof(rising) / sizeof(rising[0]); j++) {
			const struct view a = view_of_string(rising[i]),
					  b = view_of_string(rising[j]);
			const int order = version_compare(a, b);

			assert_int_equal(version_check(a), ERR_OK);
			assert_int_equal(order < 0 ? -1 : order > 0, i < j ? -1 : i > j);
		}
	assert_int_equal(version_compare(view_of_string("0:1-0"), view_of_string("01")), 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(version_check(view_of_string(none[i])), ERR_FORMAT);
	memset(longest, '1', sizeof(longest));
	assert_int_equal(
	    version_check((struct view){(uint8_t *)longest, VERSION_SIZE_MAX}), ERR_OK);
	assert_int_equal(
	    version_check((struct view){(uint8_t *)longest, VERSION_SIZE_MAX + 1}), ERR_FORMAT);
}

static bool
holds(enum range_order order, const char *range, const char *value)
{
	struct range r;

	assert_int_equal(range_parse(order, view_of_string(range), &r), ERR_OK);
	return range_holds(&r, view_of_string(value));
}

static void
ranges_include_what_they_say(void **state)
{
	(void)state;
	assert_true(holds(RANGE_NUMBER, ">= 1, <= 16", "1"));
	assert_true(holds(RANGE_NUMBER, ">=1, <=16", "16"));
	assert_false(holds(RANGE_NUMBER, ">= 1, <= 16", "0.999999999"));
	assert_false(holds(RANGE_NUMBER, ">= 1, <= 16", "16.000000001"));
	assert_false(holds(RANGE_NUMBER, "<= 16, >= 1", "0.999999999"));
	assert_false(holds(RANGE_NUMBER, "< 16", "16"));
	assert_true(holds(RANGE_NUMBER, "< 16", "-3"));
	assert_false(holds(RANGE_NUMBER, "> 16", "16"));
	assert_true(holds(RANGE_NUMBER, "= 16", "16.0"));
	assert_false(holds(RANGE_NUMBER, "<= 16", "15 B"));
	assert_false(holds(RANGE_NUMBER, "<= 16", ""));
	assert_false(holds(RANGE_NUMBER, "<= 16", "many"));
	assert_true(holds(RANGE_VERSION, ">= 1.9, < 2", "1.10"));
	assert_false(holds(RANGE_VERSION, ">= 1.9, < 2", "2"));
	assert_false(holds(RANGE_VERSION, ">= 1.9", "latest"));
	assert_true(holds(RANGE_DATE, "< 2026-12-01", "2026-11-30T23:59:59Z"));
	assert_false(holds(RANGE_DATE, "< 2026-12-01", "2026-12-01T00:00:00Z"));
	assert_false(holds(RANGE_DATE, "< 2026-12-01", "2026-11-31"));
	assert_false(holds(RANGE_DATE, "< 2026-12-01", "30.11.2026"));
}

static void
ranges_look_between_quotation_marks(void **state)
{
	(void)state;
	assert_true(holds(RANGE_VERSION, ">= 1.4", "\"1.4.2\""));
	assert_false(holds(RANGE_VERSION, ">= 1.4", "\"1.3\""));
	assert_true(holds(RANGE_NUMBER, ">= 32 MiB", "\"64 MiB\""));
	assert_true(holds(RANGE_DATE, "= 2026-11-30", "\"2026-11-30\""));
	assert_false(holds(RANGE_NUMBER, ">= 0", "\""));
	assert_false(holds(RANGE_NUMBER, ">= 0", "\"\""));
	assert_false(holds(RANGE_NUMBER, ">= 0", "\"7"));
	assert_false(holds(RANGE_NUMBER, ">= 0", "7\""));
	assert_false(holds(RANGE_NUMBER, ">= 0", "\"\"7\"\""));
}

static void
ranges_of_another_form_are_refused(void **state)
{
	static const char *const none[] = {"", "16", "1..16", "=> 1", ">= ", ">=  1", "> 1 , < 2",
	    "> 1,< 2", "> 1,,< 2", "> 1, < 2, < 3", "> 1,", ", > 1", "<= 1 s, >= 1", "!= 1",
	    "< one"};
	struct range r;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(
		    range_parse(RANGE_NUMBER, view_of_string(none[i]), &r), ERR_FORMAT);
		assert_int_equal(r.limit_count, 0);
	}
	assert_int_equal(range_parse(RANGE_VERSION, VIEW_LITERAL(">= v1"), &r), ERR_FORMAT);
	assert_int_equal(range_parse(RANGE_DATE, VIEW_LITERAL(">= 2026-13-01"), &r), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_have_one_form),
	    cmocka_unit_test(numbers_are_exact),
	    cmocka_unit_test(numbers_of_different_families_have_no_order),
	    cmocka_unit_test(versions_have_debians_order),
	    cmocka_unit_test(ranges_include_what_they_say),
	    cmocka_unit_test(ranges_look_between_quotation_marks),
	    cmocka_unit_test(ranges_of_another_form_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
