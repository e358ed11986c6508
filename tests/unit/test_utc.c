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

static void
milliseconds_stand_behind_the_seconds(void **state)
{
	char text[UTC_TEXT_SIZE];

	(void)state;
	assert_string_equal(utc_text_ms(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(utc_text_ms(1795514400007, text), "2026-11-24T10:00:00.007Z");
	assert_string_equal(utc_text_ms(253402300799999, text), "9999-12-31T23:59:59.999Z");
	assert_string_equal(utc_text_ms(253402300800000, text), "253402300800000");
	assert_string_equal(utc_text_ms(UINT64_MAX, text), "18446744073709551615");
}

static void
dates_of_certificates_look_the_same(void **state)
{
	static const struct {
		const char *date, *text;
	} each[] = {{"20261124100000Z", "2026-11-24T10:00:00Z"},
	    {"99991231235959Z", "9999-12-31T23:59:59Z"}, {"261124100000Z", "2026-11-24T10:00:00Z"},
	    {"19691231235959Z", "an unreadable date"}};
	ASN1_TIME *date = ASN1_TIME_new();
	char text[UTC_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		assert_int_equal(ASN1_TIME_set_string(date, each[i].date), 1);
		assert_string_equal(utc_text_asn1(date, text), each[i].text);
	}
	assert_int_equal(ASN1_STRING_set(date, "soon", 4), 1);
	assert_string_equal(utc_text_asn1(date, text), "an unreadable date");
	ASN1_TIME_free(date);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_in_utc),
	    cmocka_unit_test(milliseconds_stand_behind_the_seconds),
	    cmocka_unit_test(dates_of_certificates_look_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
