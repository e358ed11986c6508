/* Times of files and commands: one spelling, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/utc.h"

static void
expect(const char *text, uint64_t seconds)
{
	struct buf back = BUF_INIT;
	uint64_t found = 0;

	assert_int_equal(utc_parse(view_of_string(text), &found), ERR_OK);
	assert_int_equal(found, seconds);
	utc_append(&back, seconds);
	assert_true(view_equal(buf_view(&back), view_of_string(text)));
	buf_free(&back);
}

static void
times_are_read_and_written(void **state)
{
	(void)state;
	expect("1970-01-01T00:00:01Z", 1);
	expect("2027-01-31T00:00:00Z", 1801353600);
	expect("2028-02-29T23:59:59Z", 1835481599);
	expect("9999-12-31T23:59:59Z", UTC_MAX_S);
}

static void
another_spelling_is_refused(void **state)
{
	static const char *const bad[] = {"", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
	    "2027-02-29T00:00:00Z", "2027-01-31 00:00:00Z", "2027-01-31T00:00:00z",
	    "2027-01-31T24:00:00Z", "2027-01-31T00:60:00Z", "2027-01-31T00:00:60Z",
	    "2027-1-031T00:00:00Z", " 027-01-31T00:00:00Z", "2027-01-31T00:00:00",
	    "2027-01-31T00:00:00ZZ", "12027-01-31T00:00:0Z", "2027-13-01T00:00:00Z"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t untouched = 7;

		assert_int_equal(utc_parse(view_of_string(bad[i]), &untouched), ERR_FORMAT);
		assert_int_equal(untouched, 7);
	}
}

static void
what_no_year_reaches_is_a_number(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	utc_append(&text, UTC_MAX_S + 1);
	assert_true(view_equal(buf_view(&text), VIEW_LITERAL("253402300800")));
	buf_clear(&text);
	utc_append(&text, UINT64_MAX);
	assert_true(view_equal(buf_view(&text), VIEW_LITERAL("18446744073709551615")));
	buf_free(&text);
}

static void
text_is_what_is_appended(void **state)
{
	char text[UTC_TEXT_SIZE];

	(void)state;
	assert_string_equal(utc_text(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(utc_text(1795514400, text), "2026-11-24T10:00:00Z");
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
	    cmocka_unit_test(times_are_read_and_written),
	    cmocka_unit_test(another_spelling_is_refused),
	    cmocka_unit_test(what_no_year_reaches_is_a_number),
	    cmocka_unit_test(text_is_what_is_appended),
	    cmocka_unit_test(milliseconds_stand_behind_the_seconds),
	    cmocka_unit_test(dates_of_certificates_look_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
