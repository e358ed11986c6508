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
	const struct display quiet = {.to = NULL, .margin = ""};

	(void)state;
	display_line(&quiet, "x");
	display_gap(&quiet);
	assert_int_equal(display_step(&quiet, "x", OUTCOME_BAD, "x"), OUTCOME_BAD);
}

static void
test_findings_are_lines(void **state)
{
	static const struct finding told[] = {
	    {FINDING_STEP, OUTCOME_GOOD, "read", "7 %s bytes"},
	    {FINDING_STEP, OUTCOME_UNKNOWN, "log", "x"},
	    {FINDING_WARN, OUTCOME_GOOD, "origin", "x"},
	    {FINDING_DEFECT, OUTCOME_BAD, "tile/0/000", "x"},
	    {FINDING_DEFECT, OUTCOME_UNKNOWN, "entry 7", "\x1b"},
	    {FINDING_NOTE, OUTCOME_GOOD, "odd", "x"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		f->findings.tell(f->findings.context, &told[i]);
	f->findings.progress(f->findings.context, 1, 2); /* the display has none */
	assert_string_equal(fixture_output(f), "read           ok    7 %s bytes\n"
					       "log            ?     x\n"
					       "origin         warn  x\n"
					       "BAD   tile/0/000: x\n"
					       "?     entry 7: \\x1b\n"
					       "note  odd: x\n");
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
	    TEST(test_findings_are_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
