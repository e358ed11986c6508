#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/faults.h"

static void
expect_print(struct faults *f, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	faults_print(f, to);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void
test_none_prints_nothing(void **state)
{
	struct faults f = FAULTS_INIT;

	(void)state;
	expect_print(&f, "");
	faults_free(&f);
}

static void
test_arguments_are_copied(void **state)
{
	struct faults f = FAULTS_INIT;
	char file[] = "a.yaml", word[] = "good";

	(void)state;
	faults_add(&f, file, 3, "not %s %d", word, 7);
	memset(file, 'x', sizeof(file) - 1);
	memset(word, 'x', sizeof(word) - 1);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.fault[0].line, 3);
	expect_print(&f, "a.yaml:3: not good 7\n");
	faults_free(&f);
}

static void
test_sorted_by_file_and_line(void **state)
{
	struct faults f = FAULTS_INIT;

	(void)state;
	faults_add(&f, "b.yaml", 1, "four");
	faults_add(&f, "a.yaml", 10, "three");
	faults_add(&f, "a.yaml", 9, "two");
	faults_add(&f, "a.yaml", 0, "one");
	expect_print(&f, "a.yaml: one\na.yaml:9: two\na.yaml:10: three\nb.yaml:1: four\n");
	faults_free(&f);
}

static void
test_same_line_stays_in_order_of_finding(void **state)
{
	struct faults f = FAULTS_INIT;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	assert_non_null(to);
	for (unsigned i = 0; i < 40; i++) {
		faults_add(&f, "a", 5, "%02u", i);
		fprintf(to, "a:5: %02u\n", i);
	}
	assert_int_equal(fclose(to), 0);
	expect_print(&f, text);
	free(text);
	faults_free(&f);
}

static void
test_file_name_cannot_forge_a_line(void **state)
{
	struct faults f = FAULTS_INIT;

	(void)state;
	faults_add(&f, "a\nb.yaml:1: all is well\x1b[2J", 2, "no");
	expect_print(&f, "a\\x0ab.yaml:1: all is well\\x1b[2J:2: no\n");
	faults_free(&f);
}

static void
test_free_leaves_it_empty(void **state)
{
	struct faults f = FAULTS_INIT;

	(void)state;
	faults_add(&f, "a", 1, "x");
	faults_free(&f);
	assert_int_equal(f.count, 0);
	assert_null(f.fault);
	faults_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_none_prints_nothing),
	    cmocka_unit_test(test_arguments_are_copied),
	    cmocka_unit_test(test_sorted_by_file_and_line),
	    cmocka_unit_test(test_same_line_stays_in_order_of_finding),
	    cmocka_unit_test(test_file_name_cannot_forge_a_line),
	    cmocka_unit_test(test_free_leaves_it_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
