/* Times in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/utc.h"

static void
times_are_in_utc(void **state)
{
	char text[UTC_TEXT_SIZE];

	(void)state;
	assert_string_equal(utc_text(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(utc_text(1795514400, text), "2026-11-24T10:00:00Z");
	assert_string_equal(utc_text(253402300799, text), "9999-12-31T23:59:59Z");
	assert_string_equal(utc_text(253402300800, text), "253402300800");
	assert_string_equal(utc_text(UINT64_MAX, text), "18446744073709551615");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
