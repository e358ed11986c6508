/* Versions of packages: the orders of apk, dpkg and rpm, and what is no version. */
#include "policy/values/package_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each is above all before it. */
static void
check_order(const char *manager, const char *const *rising, size_t count)
{
	const struct package_order *order = package_order_of(view_of_string(manager));

	assert_non_null(order);
	for (size_t i = 0; i < count; i++) {
		if (order->check(view_of_string(rising[i])) != ERR_OK)
			fail_msg("%s: %s is no version", manager, rising[i]);
		for (size_t j = 0; j < count; j++) {
			const int found =
			    order->compare(view_of_string(rising[i]), view_of_string(rising[j]));

			if ((found > 0) - (found < 0) != (i > j) - (i < j))
				fail_msg("%s: %s and %s: %d", manager, rising[i], rising[j], found);
		}
	}
}

static void
check_equal(const char *manager, const char *a, const char *b)
{
	const struct package_order *order = package_order_of(view_of_string(manager));

	assert_int_equal(order->compare(view_of_string(a), view_of_string(b)), 0);
	assert_int_equal(order->compare(view_of_string(b), view_of_string(a)), 0);
}

static void
check_none(const char *manager, const char *text)
{
	const struct package_order *order = package_order_of(view_of_string(manager));

	if (order->check(view_of_string(text)) == ERR_OK)
		fail_msg("%s: \"%s\" is a version", manager, text);
}

static void
test_rpm(void **state)
{
	/* Letters stand behind the end, and before numbers. */
	static const char *const rising[] = {"1.0~rc1-1", "1.0-1.el9", "1.0-2.el9", "1.0-2.el9_1",
	    "1.0-10.el9", "1.0^git1-1", "1.0a-1", "1.0.1-1", "1.05.2-1", "1.10-1", "2-1",
	    "1:0.1-1"};
	static const char *const none[] = {
	    "", ":1", "a:1", "1 2", "1/2", "-1", "1234567890:1", "1:", "\xc3\xa4"};
	char text[512];

	(void)state;
	check_order("rpm", rising, sizeof(rising) / sizeof(rising[0]));
	check_equal("rpm", "1.0-1", "0:1.0-1");
	check_equal("rpm", "1.0-1", "1_00-1");
	check_equal("rpm", "1.0", "1.0-7");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check_none("rpm", none[i]);
	memset(text, '1', sizeof(text));
	text[257] = 0;
	check_none("rpm", text);
}

static void
test_apk(void **state)
{
	static const char *const rising[] = {"0.1_alpha1", "0.1_alpha2-r1", "0.1_beta", "0.1_rc1",
	    "0.1", "0.1-r1", "0.1-r10", "0.1_p1", "0.1_p1-r2", "0.1_p2", "0.1a", "0.1b", "0.1.01",
	    "0.1.02", "0.1.1", "0.2", "0.10", "1", "1.0", "10"};
	static const char *const none[] = {"", "a", "1.", ".1", "1..2", "1-1", "1-r", "1_x", "1_",
	    "1-r1.2", "1aa", "1-r1_p1", "1 ", "1:2", "1a.2"};

	(void)state;
	check_order("apk", rising, sizeof(rising) / sizeof(rising[0]));
	check_equal("apk", "1.2-r1", "01.2-r01");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check_none("apk", none[i]);
}

static void
test_dpkg(void **state)
{
	static const char *const rising[] = {
	    "3.0.9~rc1-1", "3.0.9-1~deb12u1", "3.0.9-1", "3.0.9-1+deb12u1", "3.0.11-1", "1:1"};

	(void)state;
	check_order("dpkg", rising, sizeof(rising) / sizeof(rising[0]));
	check_none("dpkg", "-");
	assert_null(package_order_of(view_of_string("dpk")));
	assert_null(package_order_of(view_of_string("pip")));
	assert_null(package_order_of(view_of_string("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rpm),
	    cmocka_unit_test(test_apk),
	    cmocka_unit_test(test_dpkg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
