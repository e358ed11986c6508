/* Output: columns, and nothing that a terminal would obey. */
#include "tests/unit/audit_fixture.h"

static void
test_steps_and_fields_are_aligned(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    display_step(&f->display, "read", OUTCOME_GOOD, "%d bytes", 7), OUTCOME_GOOD);
	assert_int_equal(display_step(&f->display, "leaf", OUTCOME_BAD, "x"), OUTCOME_BAD);
	assert_int_equal(display_step(&f->display, "log", OUTCOME_UNKNOWN, "x"), OUTCOME_UNKNOWN);
	display_warn(&f->display, "origin", "x");
	display_field(&f->display, "status", "affirming");
	assert_string_equal(fixture_output(f), "read           ok    7 bytes\n"
					       "leaf           BAD   x\n"
					       "log            ?     x\n"
					       "origin         warn  x\n"
					       "status               affirming\n");
}

static void
test_the_margin_stands_before_every_line(void **state)
{
	struct fixture *f = *state;

	f->display.margin = "# ";
	display_line(&f->display, "one");
	display_field(&f->display, "two", "x");
	(void)display_step(&f->display, "three", OUTCOME_GOOD, "x");
	assert_string_equal(fixture_output(f), "# one\n# two                  x\n"
					       "# three          ok    x\n");
}

static void
test_what_is_not_printable_is_escaped(void **state)
{
	static const struct {
		const char *raw, *shown;
	} cases[] = {
	    {"\x1b[31m", "\\x1b[31m\n"},
	    {"a\nverdict ok", "a\\x0averdict ok\n"},
	    {"\r\t\b\x7f", "\\x0d\\x09\\x08\\x7f\n"},
	    {"\xc2\x9b", "\\xc2\\x9b\n"},          /* C1: a terminal may take it for ESC [ */
	    {"\xe2\x80\xae", "\\xe2\\x80\\xae\n"}, /* right-to-left override */
	    {"\xff\xfe", "\\xff\\xfe\n"},
	    {"\xc3\xa9 \xe2\x82\xac", "\xc3\xa9 \xe2\x82\xac\n"},
	    {"back\\slash", "back\\slash\n"},
	    {"", "\n"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		display_line(&f->display, "%s", cases[i].raw);
		assert_string_equal(fixture_output(f), cases[i].shown);
	}
}

static void
test_nothing_goes_nowhere(void **state)
{
	const struct display quiet = {NULL, ""};

	(void)state;
	display_line(&quiet, "x");
	display_gap(&quiet);
	assert_int_equal(display_step(&quiet, "x", OUTCOME_BAD, "x"), OUTCOME_BAD);
}

static void
test_times(void **state)
{
	char text[DISPLAY_TIME_SIZE];

	(void)state;
	assert_string_equal(display_time(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(display_time(1795514400, text), "2026-11-24T10:00:00Z");
	assert_string_equal(display_time(253402300799, text), "9999-12-31T23:59:59Z");
	assert_string_equal(display_time(253402300800, text), "253402300800");
	assert_string_equal(display_time(UINT64_MAX, text), "18446744073709551615");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_steps_and_fields_are_aligned),
	    TEST(test_the_margin_stands_before_every_line),
	    TEST(test_what_is_not_printable_is_escaped),
	    TEST(test_nothing_goes_nowhere),
	    TEST(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
