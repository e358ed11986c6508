/* Whether a file was changed after a process began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "collector/subject/began.h"

#define BOOT_NS ((int64_t)1000 * 1000000000)

/* Of a process that began 5 s after boot. */
static bool
is_newer(int64_t mtime_ms, int64_t ctime_ms, nlink_t links)
{
	const struct stat s = {
	    .st_mtim = {1000 + mtime_ms / 1000, mtime_ms % 1000 * 1000000},
	    .st_ctim = {1000 + ctime_ms / 1000, ctime_ms % 1000 * 1000000},
	    .st_nlink = links,
	};

	return began_before_change_by(500, 100, BOOT_NS, &s);
}

static void
test_either_time_tells(void **state)
{
	(void)state;
	assert_false(is_newer(1000, 4999, 1));
	assert_true(is_newer(6000, 6000, 1));
	assert_true(is_newer(6000, 1000, 1));
	assert_true(is_newer(1000, 6000, 1));
}

/* A tick of each clock. */
static void
test_what_was_installed_and_started_at_once_is_not_newer(void **state)
{
	(void)state;
	assert_false(is_newer(5000, 5000, 1));
	assert_false(is_newer(5019, 5019, 1));
	assert_true(is_newer(5020, 1000, 1));
	assert_true(is_newer(1000, 5020, 1));
}

static void
test_a_file_without_a_name_lost_it_later(void **state)
{
	(void)state;
	assert_false(is_newer(1000, 6000, 0));
	assert_true(is_newer(6000, 6000, 0));
}

static void
test_times_that_are_not_true(void **state)
{
	const struct stat late = {
	    .st_mtim = {INT64_MAX, 999999999}, .st_ctim = {INT64_MAX, 0}, .st_nlink = 1};
	const struct stat early = {
	    .st_mtim = {INT64_MIN, 0}, .st_ctim = {INT64_MIN, 0}, .st_nlink = 1};

	(void)state;
	assert_true(began_before_change_by(500, 100, BOOT_NS, &late));
	assert_false(began_before_change_by(500, 100, BOOT_NS, &early));
	assert_false(began_before_change_by(UINT64_MAX - BEGAN_TICKS, 100, BOOT_NS, &late));
}

/* By the clocks of this machine: a file of now, and a process that began with the machine. */
static void
test_the_clocks_of_this_machine(void **state)
{
	char name[] = "/tmp/hallmark-began-XXXXXX";
	const int file = mkstemp(name);
	struct timespec boot;
	struct stat s;

	(void)state;
	assert_int_equal(fstat(file, &s), 0);
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &boot), 0);
	assert_true(began_before_change(0, &s));
	assert_false(began_before_change((uint64_t)(boot.tv_sec + 1) * 100, &s));
	assert_int_equal(unlink(name), 0);
	assert_int_equal(close(file), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_either_time_tells),
	    cmocka_unit_test(test_what_was_installed_and_started_at_once_is_not_newer),
	    cmocka_unit_test(test_a_file_without_a_name_lost_it_later),
	    cmocka_unit_test(test_times_that_are_not_true),
	    cmocka_unit_test(test_the_clocks_of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
