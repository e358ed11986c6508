/* Sets while they are made: one spelling whatever the order, and what a source may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/sources/reference.h"
#include "policy/sources/set_draft.h"
#include "tests/unit/config_fixture.h"

struct draft_bench {
	struct fixture *fixture;
	struct set_draft *draft;
};

static struct reference_entry
file_entry(const char *path, uint8_t digit)
{
	struct reference_entry e = {.path = view_of_string(path), .kind = REFERENCE_FILE};

	memset(e.digest.bytes, digit, DIGEST_SIZE);
	return e;
}

static struct reference_entry
link_entry(const char *path, const char *target)
{
	struct reference_entry e = {.path = view_of_string(path), .kind = REFERENCE_LINK};

	e.target = view_of_string(target);
	digest_of(e.target.data, e.target.size, &e.digest);
	return e;
}

static enum err
add(struct draft_bench *b, struct reference_entry e)
{
	return set_draft_add(b->draft, &e, "source", &b->fixture->faults);
}

static void
expect_fault(struct draft_bench *b, const char *words)
{
	fixture_expect_count(b->fixture, 1);
	fixture_expect(b->fixture, 0, words);
	faults_free(&b->fixture->faults);
}

static struct buf
written(struct draft_bench *b, size_t expected)
{
	struct buf text = BUF_INIT;
	size_t count;

	assert_int_equal(
	    set_draft_write(b->draft, "set", &b->fixture->faults, &text, &count), ERR_OK);
	assert_int_equal(count, expected);
	return text;
}

static void
renew(struct draft_bench *b)
{
	set_draft_free(&b->draft);
	b->draft = set_draft_new();
}

static int
setup(void **state)
{
	struct draft_bench *b = calloc(1, sizeof(*b));
	void *fixture;

	if (b == NULL || fixture_setup(&fixture) != 0)
		return -1;
	b->fixture = fixture;
	b->draft = set_draft_new();
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct draft_bench *b = *state;
	void *fixture = b->fixture;

	set_draft_free(&b->draft);
	free(b);
	return fixture_teardown(&fixture);
}

static void
test_any_order_makes_the_same_bytes(void **state)
{
	struct draft_bench *b = *state;
	struct reference_entry all[] = {file_entry("/b", 2), link_entry("/l", "b c"),
	    file_entry("/a", 1), file_entry("/a", 1), file_entry("/a/b", 3)};
	struct buf first, second;

	all[3].given = REFERENCE_UID | REFERENCE_MODE;
	all[3].uid = 7;
	all[3].mode = 0640;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(add(b, all[i % 5]), ERR_OK);
	first = written(b, 5);
	second = written(b, 5);
	assert_true(view_equal(buf_view(&first), buf_view(&second)));
	renew(b);
	for (size_t i = 5; i-- > 0;)
		assert_int_equal(add(b, all[i]), ERR_OK);
	buf_free(&second);
	second = written(b, 5);
	assert_true(view_equal(buf_view(&first), buf_view(&second)));
	assert_non_null(memmem(first.data, first.size, "\nlink b\\sc /l\n", 14));
	buf_free(&first);
	buf_free(&second);
}

static void
test_bad_entries(void **state)
{
	struct draft_bench *b = *state;

	assert_int_equal(add(b, file_entry("a", 1)), ERR_CONFIG);
	expect_fault(b, "\"a\": expected an absolute path");
	assert_int_equal(add(b, file_entry("/a/../b\n", 1)), ERR_CONFIG);
	expect_fault(b, "\"/a/../b\\x0a\": nothing is measured");
	assert_int_equal(add(b, file_entry("/a", 0)), ERR_CONFIG);
	expect_fault(b, "all zeros");
	assert_int_equal(set_draft_count(b->draft), 0);
}

static void
test_one_source_says_one_thing_of_a_path(void **state)
{
	struct draft_bench *b = *state;
	struct faults *faults = &b->fixture->faults;

	assert_int_equal(set_draft_settle(b->draft, 0, "source", faults), ERR_OK);
	assert_int_equal(add(b, file_entry("/a", 1)), ERR_OK);
	assert_int_equal(add(b, file_entry("/a", 1)), ERR_OK);
	assert_int_equal(set_draft_settle(b->draft, 0, "source", faults), ERR_OK);
	assert_int_equal(add(b, file_entry("/a", 2)), ERR_OK);
	/* Another source may. */
	assert_int_equal(set_draft_settle(b->draft, 2, "source", faults), ERR_OK);
	assert_int_equal(set_draft_settle(b->draft, 0, "source", faults), ERR_CONFIG);
	expect_fault(b, "\"/a\": stands here twice");
}

static void
test_nothing_lies_below_a_link_of_its_own_source(void **state)
{
	struct draft_bench *b = *state;
	struct faults *faults = &b->fixture->faults;

	assert_int_equal(add(b, link_entry("/d", "e")), ERR_OK);
	assert_int_equal(add(b, file_entry("/d-", 1)), ERR_OK);
	assert_int_equal(add(b, file_entry("/d0", 1)), ERR_OK);
	assert_int_equal(add(b, file_entry("/c/d/e", 1)), ERR_OK);
	assert_int_equal(set_draft_settle(b->draft, 0, "source", faults), ERR_OK);
	assert_int_equal(add(b, file_entry("/d/e/f", 1)), ERR_OK);
	assert_int_equal(set_draft_settle(b->draft, 4, "source", faults), ERR_OK);
	assert_int_equal(set_draft_settle(b->draft, 0, "source", faults), ERR_CONFIG);
	expect_fault(b, "\"/d/e/f\": lies below a symbolic link");
}

static void
test_many_faults_are_not_all_told(void **state)
{
	struct draft_bench *b = *state;
	char path[16];

	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/%u", i / 2);
		assert_int_equal(add(b, file_entry(path, (uint8_t)(1 + i % 2))), ERR_OK);
	}
	assert_int_equal(set_draft_settle(b->draft, 0, "source", &b->fixture->faults), ERR_CONFIG);
	fixture_expect_count(b->fixture, 20);
}

static void
test_a_set_is_neither_empty_nor_too_large(void **state)
{
	struct draft_bench *b = *state;
	struct buf text = BUF_INIT;
	char path[4000];
	size_t count;

	assert_int_equal(
	    set_draft_write(b->draft, "set", &b->fixture->faults, &text, &count), ERR_CONFIG);
	expect_fault(b, "would be empty");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	for (size_t i = 0; i < REFERENCE_SIZE_MAX / sizeof(path); i++) {
		snprintf(path + sizeof(path) - 8, 8, "%zu", i);
		assert_int_equal(add(b, file_entry(path, 1)), ERR_OK);
	}
	assert_int_equal(
	    set_draft_write(b->draft, "set", &b->fixture->faults, &text, &count), ERR_CONFIG);
	expect_fault(b, "at most 16777216 allowed");
	buf_free(&text);
}

static void
test_what_is_left_out_is_told_by_reason(void **state)
{
	struct draft_bench *b = *state;
	char *told = NULL;
	size_t size;
	FILE *to = open_memstream(&told, &size);

	assert_non_null(to);
	for (unsigned i = 0; i < 4; i++)
		set_draft_leave_out(b->draft, VIEW_LITERAL("a\n"), "pipes");
	set_draft_leave_out(b->draft, VIEW_LITERAL(""), "directories");
	set_draft_tell_left_out(b->draft, to);
	fclose(to);
	assert_string_equal(told, "left out: 4 pipes: a\\x0a, a\\x0a, a\\x0a, ...\n"
				  "left out: 1 directories\n");
	free(told);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_any_order_makes_the_same_bytes),
	    WITH_BENCH(test_bad_entries),
	    WITH_BENCH(test_one_source_says_one_thing_of_a_path),
	    WITH_BENCH(test_nothing_lies_below_a_link_of_its_own_source),
	    WITH_BENCH(test_many_faults_are_not_all_told),
	    WITH_BENCH(test_a_set_is_neither_empty_nor_too_large),
	    WITH_BENCH(test_what_is_left_out_is_told_by_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
