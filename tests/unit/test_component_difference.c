/* In what two components differ, item by item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h wants these before it. */
#include <cmocka.h>

#include "log/stored/component_difference.h"

#define V(text) VIEW_LITERAL(text)

/* What was told, a line each: "-path" (A), "+path" (B), "~path"; "m" before what was made with. */
struct told {
	char text[512];
};

static void
take(void *context, const struct item_difference *d)
{
	struct told *t = context;
	const bool a = d->file[DIFFERENCE_A] != NULL || d->fact[DIFFERENCE_A] != NULL;
	const bool b = d->file[DIFFERENCE_B] != NULL || d->fact[DIFFERENCE_B] != NULL;
	const unsigned side = b ? DIFFERENCE_B : DIFFERENCE_A;
	const struct view name = d->file[side] != NULL ? d->file[side]->path : d->fact[side]->name;
	const size_t used = strlen(t->text);

	snprintf(t->text + used, sizeof(t->text) - used, "%s%c%.*s ", d->made ? "m" : "",
	    a && b ? '~'
	    : a    ? '-'
		   : '+',
	    view_precision(name), (const char *)name.data);
}

static void
expect_files(const struct component_file *a, size_t a_count, const struct component_file *b,
    size_t b_count, const char *expected)
{
	const struct component x = {
	    .kind = COMPONENT_LIBRARIES, .item_count = a_count, .items.files = a};
	const struct component y = {
	    .kind = COMPONENT_LIBRARIES, .item_count = b_count, .items.files = b};
	struct told told = {""};

	assert_int_equal(component_difference(&x, &y, take, &told), ERR_OK);
	assert_string_equal(told.text, expected);
}

static void
test_files_by_path(void **state)
{
	const struct component_file a[] = {{.path = V("/a")}, {.path = V("/b")}, {.path = V("/d")}};
	const struct component_file b[] = {
	    {.path = V("/b")}, {.path = V("/c")}, {.path = V("/d"), .mode = 1}};

	(void)state;
	expect_files(a, 3, b, 3, "-/a +/c ~/d ");
	expect_files(b, 3, a, 3, "+/a -/c ~/d ");
	expect_files(a, 3, a, 3, "");
	expect_files(NULL, 0, a, 3, "+/a +/b +/d ");
	expect_files(a, 3, NULL, 0, "-/a -/b -/d ");
}

/* What both have is no difference, wherever it stands among others of its path. */
static void
test_several_files_of_one_path(void **state)
{
	const struct component_file a[] = {{.path = V("/a"), .size = 1},
	    {.path = V("/a"), .size = 2}, {.path = V("/a"), .size = 3}};
	const struct component_file b[] = {
	    {.path = V("/a"), .size = 0}, {.path = V("/a"), .size = 2}};

	(void)state;
	expect_files(a, 3, b, 2, "~/a -/a ");
	expect_files(b, 2, a, 3, "~/a +/a ");
	expect_files(a, 3, a + 1, 1, "-/a -/a ");
}

static void
test_each_column_counts(void **state)
{
	const struct view one = V("a=1"), two = V("a=2"), longer = V("a=10");
	const struct component_file base = {.path = V("/a"), .detail_count = 1, .details = &one};
	struct component_file other[] = {base, base, base, base, base, base, base, base, base};

	(void)state;
	other[0].digest.bytes[31] = 1;
	other[1].size = 1;
	other[2].mode = 1;
	other[3].uid = 1;
	other[4].gid = 1;
	other[5].flags = 1;
	other[6].detail_count = 0;
	other[7].details = &two;
	other[8].details = &longer;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		expect_files(&base, 1, &other[i], 1, "~/a ");
		expect_files(&other[i], 1, &base, 1, "~/a ");
	}
	expect_files(&base, 1, &base, 1, "");
}

static void
test_facts_and_what_they_were_made_with(void **state)
{
	const struct view x[] = {V("1"), V("2")}, y[] = {V("2"), V("1")};
	const struct component_fact a[] = {{V("a"), 2, x}, {V("b"), 1, x}};
	const struct component_fact b[] = {{V("a"), 2, y}, {V("b"), 1, x}, {V("c"), 0, NULL}};
	const struct component first = {.kind = COMPONENT_RUNTIME,
	    .made_count = 1,
	    .made = a,
	    .item_count = 2,
	    .items.facts = a};
	const struct component second = {.kind = COMPONENT_RUNTIME,
	    .made_count = 3,
	    .made = b,
	    .item_count = 3,
	    .items.facts = b};
	struct told told = {""};

	(void)state;
	assert_int_equal(component_difference(&first, &second, take, &told), ERR_OK);
	assert_string_equal(told.text, "m~a m+b m+c ~a +c ");
}

static void
test_values_that_one_has_more_often(void **state)
{
	const struct view x[] = {V("b"), V("a"), V("a"), V("c")},
			  y[] = {V("d"), V("a"), V("b"), V("")};
	const struct component_fact a = {V("f"), 4, x}, b = {V("f"), 4, y};
	const struct component_fact turned = {V("f"), 2, x}, back = {V("f"), 2, y + 1};
	struct value_difference v;

	(void)state;
	assert_int_equal(value_difference_make(&a, &b, &v), ERR_OK);
	assert_int_equal(v.count[DIFFERENCE_A], 2);
	assert_int_equal(v.count[DIFFERENCE_B], 2);
	assert_true(view_equal(v.only[DIFFERENCE_A][0], V("a")));
	assert_true(view_equal(v.only[DIFFERENCE_A][1], V("c")));
	assert_true(view_equal(v.only[DIFFERENCE_B][0], V("d")));
	assert_int_equal(v.only[DIFFERENCE_B][1].size, 0);
	value_difference_free(&v);
	assert_int_equal(value_difference_make(&turned, &back, &v), ERR_OK);
	assert_int_equal(v.count[DIFFERENCE_A] + v.count[DIFFERENCE_B], 0);
	value_difference_free(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files_by_path),
	    cmocka_unit_test(test_several_files_of_one_path),
	    cmocka_unit_test(test_each_column_counts),
	    cmocka_unit_test(test_facts_and_what_they_were_made_with),
	    cmocka_unit_test(test_values_that_one_has_more_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
