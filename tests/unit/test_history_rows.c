/* Cells of CSV: what a spreadsheet would run, and what would end a cell or a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auditor/history/history_rows.h"

static void
assert_cell(struct view text, const char *wanted)
{
	struct buf cell = BUF_INIT;

	history_csv_cell(&cell, text);
	buf_append_byte(&cell, 0);
	assert_int_equal(buf_status(&cell), ERR_OK);
	assert_string_equal((const char *)cell.data, wanted);
	buf_free(&cell);
}

static void
test_a_cell_has_quotes(void **state)
{
	(void)state;
	assert_cell(VIEW_LITERAL("plain"), "\"plain\"");
	assert_cell(VIEW_LITERAL("a,b"), "\"a,b\"");
	assert_cell(VIEW_LITERAL("say \"so\""), "\"say \"\"so\"\"\"");
	assert_cell(VIEW_LITERAL("\""), "\"\"\"\"");
}

static void
test_a_cell_is_no_formula(void **state)
{
	(void)state;
	assert_cell(VIEW_LITERAL("=1+1"), "\"'=1+1\"");
	assert_cell(VIEW_LITERAL("+1"), "\"'+1\"");
	assert_cell(VIEW_LITERAL("-1"), "\"'-1\"");
	assert_cell(VIEW_LITERAL("@SUM(A1)"), "\"'@SUM(A1)\"");
	assert_cell(VIEW_LITERAL("a=1"), "\"a=1\"");
}

static void
test_a_cell_is_one_line_of_printable_text(void **state)
{
	struct buf cell = BUF_INIT;

	(void)state;
	history_csv_cell(&cell, VIEW_LITERAL("\t=a\r\n\0b\x7f\xff"));
	assert_int_equal(buf_status(&cell), ERR_OK);
	for (size_t i = 0; i < cell.size; i++)
		assert_in_range(cell.data[i], ' ', '~');
	buf_free(&cell);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_cell_has_quotes),
	    cmocka_unit_test(test_a_cell_is_no_formula),
	    cmocka_unit_test(test_a_cell_is_one_line_of_printable_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
