/* What is wrong with a log stands until somebody acknowledges it, whatever happens meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "register/follow/alarms.h"
#include "tests/unit/config_fixture.h"

static int
open_directory(struct fixture *f)
{
	const int dir = open(f->directory, O_RDONLY | O_DIRECTORY);

	assert_true(dir >= 0);
	return dir;
}

static struct alarms
open_alarms(int dir)
{
	struct alarms a;

	assert_int_equal(alarms_open(&a, dir), ERR_OK);
	return a;
}

static bool
raise_one(struct alarms *a, enum followed_alarm_kind kind, uint64_t index)
{
	enum err e;
	const bool told = alarms_raise(a, kind, index, "some words, and more", &e);

	assert_int_equal(e, ERR_OK);
	return told;
}

static void
test_each_is_told_once(void **state)
{
	const int dir = open_directory(*state);
	struct alarms a = open_alarms(dir);

	assert_true(raise_one(&a, FOLLOWED_FORK, FOLLOWED_NO_ENTRY));
	assert_false(raise_one(&a, FOLLOWED_FORK, FOLLOWED_NO_ENTRY));
	assert_true(raise_one(&a, FOLLOWED_BAD_ENTRY, 7));
	assert_true(raise_one(&a, FOLLOWED_BAD_VERDICT, 7));
	assert_false(raise_one(&a, FOLLOWED_BAD_ENTRY, 7));
	assert_true(raise_one(&a, FOLLOWED_BAD_ENTRY, UINT64_MAX - 1));
	alarms_free(&a);
	a = open_alarms(dir);
	assert_int_equal(a.count, 4);
	assert_int_equal(a.alarm[1].kind, FOLLOWED_BAD_ENTRY);
	assert_int_equal(a.alarm[1].index, 7);
	assert_string_equal(a.alarm[1].words, "some words, and more");
	assert_true(a.alarm[3].index == UINT64_MAX - 1);
	assert_false(raise_one(&a, FOLLOWED_BAD_ENTRY, 7));
	assert_true(alarms_stands(&a, FOLLOWED_FORK));
	assert_false(alarms_stands(&a, FOLLOWED_ROLLBACK));
	alarms_free(&a);
	close(dir);
}

static void
test_of_a_kind_few_are_kept(void **state)
{
	const int dir = open_directory(*state);
	struct alarms a = open_alarms(dir);

	for (uint64_t i = 0; i < 40; i++)
		assert_int_equal(raise_one(&a, FOLLOWED_BAD_ENTRY, i), i < ALARMS_OF_KIND_MAX);
	assert_int_equal(a.more[FOLLOWED_BAD_ENTRY], 40 - ALARMS_OF_KIND_MAX);
	assert_true(raise_one(&a, FOLLOWED_MISSING, 1));
	alarms_free(&a);
	close(dir);
}

static void
test_what_was_acknowledged_is_gone_and_known(void **state)
{
	const int dir = open_directory(*state);
	struct alarms a = open_alarms(dir);
	size_t count;

	assert_int_equal(alarms_acknowledge(dir, &count), ERR_OK);
	assert_int_equal(count, 0);
	assert_false(alarms_were_acknowledged(&a));
	assert_true(raise_one(&a, FOLLOWED_BAD_ENTRY, 7));
	assert_true(raise_one(&a, FOLLOWED_FORK, FOLLOWED_NO_ENTRY));
	assert_false(alarms_were_acknowledged(&a));
	assert_int_equal(alarms_acknowledge(dir, &count), ERR_OK);
	assert_int_equal(count, 2);
	assert_true(alarms_were_acknowledged(&a));
	assert_false(alarms_were_acknowledged(&a));
	assert_int_equal(a.count, 0);
	assert_false(raise_one(&a, FOLLOWED_BAD_ENTRY, 7));
	assert_true(raise_one(&a, FOLLOWED_BAD_ENTRY, 8));
	assert_true(raise_one(&a, FOLLOWED_FORK, FOLLOWED_NO_ENTRY)); /* it goes on */
	alarms_free(&a);
	a = open_alarms(dir);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.acknowledged_count, 2);
	assert_false(raise_one(&a, FOLLOWED_BAD_ENTRY, 7));
	alarms_free(&a);
	close(dir);
}

/* Whatever has become of the file, what was an alarm is one. */
static void
test_damaged_lines_are_alarms(void **state)
{
	static const char *const lines[] = {"", " ", "garbage", "1 fork", "1 fork -", "x fork - a",
	    "1 forks - a", "1 fork 01 a", "1 fork -1 a", "1  - a"};
	const int dir = open_directory(*state);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[64];
		struct alarms a;

		(void)snprintf(text, sizeof(text), "%s\n5 rollback - words\n", lines[i]);
		fixture_write(*state, "alarms", 0600, text);
		a = open_alarms(dir);
		assert_int_equal(a.count, 2);
		assert_int_equal(a.alarm[0].kind, FOLLOWED_UNREADABLE);
		assert_true(a.alarm[0].index == FOLLOWED_NO_ENTRY);
		assert_int_equal(a.alarm[1].kind, FOLLOWED_ROLLBACK);
		alarms_free(&a);
	}
	close(dir);
}

static void
test_a_torn_end_is_left_out(void **state)
{
	const int dir = open_directory(*state);
	struct alarms a;

	fixture_write(*state, "alarms", 0600, "5 rollback - words\n6 fork - wo");
	a = open_alarms(dir);
	assert_int_equal(a.count, 1);
	alarms_free(&a);
	close(dir);
}

static void
test_a_file_that_cannot_be_read_is_an_error(void **state)
{
	const int dir = open_directory(*state);
	struct alarms a;

	assert_int_equal(mkdirat(dir, "alarms", 0700), 0);
	assert_int_not_equal(alarms_open(&a, dir), ERR_OK);
	alarms_free(&a);
	close(dir);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_each_is_told_once),
	    TEST(test_of_a_kind_few_are_kept),
	    TEST(test_what_was_acknowledged_is_gone_and_known),
	    TEST(test_damaged_lines_are_alarms),
	    TEST(test_a_torn_end_is_left_out),
	    TEST(test_a_file_that_cannot_be_read_is_an_error),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
