/*
 * What is known of files that may grow: their beginnings, until another one is kept; what changed
 * is told until that was heard, and nothing is forgotten while it is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/content/growing.h"

static struct digest
digest_like(unsigned number)
{
	struct digest d;

	memset(d.bytes, (int)number, sizeof(d.bytes));
	return d;
}

static bool
keep(struct growing *g, const char *path, uint64_t size, bool anew, struct grown *out)
{
	const struct digest content = digest_like((unsigned)size);

	return growing_keep(g, view_of_string(path), size, &content, anew, out);
}

static int
make(void **state)
{
	*state = calloc(1, sizeof(struct growing));
	growing_begin(*state);
	return *state != NULL ? 0 : -1;
}

static int
unmake(void **state)
{
	free(*state);
	return 0;
}

static void
a_beginning_is_known_by_its_path(void **state)
{
	struct growing *g = *state;
	const struct digest content = digest_like(7);
	struct grown was;

	assert_false(growing_find(g, VIEW_LITERAL("/log"), &was));
	assert_true(keep(g, "/log", 7, false, &was));
	assert_true(growing_find(g, VIEW_LITERAL("/log"), &was));
	assert_int_equal(was.size, 7);
	assert_true(digest_equal(&was.content, &content));
	assert_true(was.begun == 1 && !was.changed);
	assert_false(growing_find(g, VIEW_LITERAL("/log1"), &was));
	assert_true(keep(g, "/log", 14, false, &was));
	assert_true(was.size == 14 && was.begun == 1 && !was.changed);
}

static void
what_changed_is_told_until_it_was_heard(void **state)
{
	struct growing *g = *state;
	struct grown was;

	assert_true(keep(g, "/log", 7, false, &was));
	growing_end(g);
	growing_begin(g);
	assert_true(keep(g, "/log", 8, true, &was));
	assert_true(was.changed && was.begun == 2);
	growing_begin(g); /* nobody heard it */
	assert_true(growing_find(g, VIEW_LITERAL("/log"), &was));
	assert_true(was.changed && was.begun == 2);
	growing_end(g);
	growing_begin(g);
	assert_true(growing_find(g, VIEW_LITERAL("/log"), &was));
	assert_true(!was.changed && was.begun == 2);
}

static void
what_was_being_kept_is_lost(void **state)
{
	struct growing *g = *state;
	struct grown was;

	assert_true(keep(g, "/log", 7, false, &was));
	g->entries[0].whole = 0; /* as one that is ended leaves it */
	assert_true(growing_find(g, VIEW_LITERAL("/log"), &was));
	assert_true(was.size == UINT64_MAX);
}

static void
there_is_room_for_what_is_looked_at(void **state)
{
	struct growing *g = *state;
	struct grown was;
	char path[32];

	for (unsigned i = 0; i <= GROWING_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/log/%u", i);
		assert_int_equal(keep(g, path, i, false, &was), i < GROWING_MAX);
	}
	growing_end(g);
	growing_begin(g);
	for (unsigned i = 1; i < GROWING_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/log/%u", i);
		assert_true(growing_find(g, view_of_string(path), &was));
	}
	growing_end(g);
	growing_begin(g);
	assert_true(keep(g, "/log/new", 1, false, &was));
	assert_false(growing_find(g, VIEW_LITERAL("/log/0"), &was));
	assert_true(growing_find(g, VIEW_LITERAL("/log/new"), &was));
	assert_false(keep(g, "/log/another", 1, false, &was));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
	const struct CMUnitTest tests[] = {
	    TEST(a_beginning_is_known_by_its_path),
	    TEST(what_changed_is_told_until_it_was_heard),
	    TEST(what_was_being_kept_is_lost),
	    TEST(there_is_room_for_what_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
