/* The line of progress: on a terminal, whose place is taken by our own isatty, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auditor/tell/progress.h"

static int terminal;

/* In the place of libc's: a machine need not have a terminal to be had. */
int
isatty(int fd)
{
	return fd == STDERR_FILENO ? terminal : 0;
}

/* What a check of `total` reports writes to stderr, to its end. */
static size_t
write_all(uint64_t total, uint64_t step, char *to, size_t size)
{
	FILE *file = tmpfile();
	const int kept = dup(STDERR_FILENO);
	struct progress p = PROGRESS_INIT;
	size_t written;

	assert_non_null(file);
	fflush(stderr);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	for (uint64_t done = 0; done <= total; done += step)
		progress_at(&p, done, total);
	fflush(stderr);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	rewind(file);
	written = fread(to, 1, size - 1, file);
	to[written] = '\0';
	fclose(file);
	return written;
}

static void
a_pipe_gets_nothing(void **state)
{
	char shown[256];

	(void)state;
	terminal = 0;
	assert_int_equal(write_all(1000, 10, shown, sizeof(shown)), 0);
}

static void
a_terminal_gets_each_percentage_once(void **state)
{
	char shown[8192];
	unsigned lines = 0;

	(void)state;
	terminal = 1;
	assert_true(write_all(100000, 1, shown, sizeof(shown)) > 0);
	for (const char *at = shown; (at = strstr(at, " % of 100000 reports")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 99);
	assert_non_null(strstr(shown, "\r   99 % of"));
	/* Wiped: what is written next begins on an empty line. */
	assert_string_equal(shown + strlen(shown) - 11, "          \r");
}

static void
nothing_to_do_is_no_progress(void **state)
{
	char shown[256];

	(void)state;
	terminal = 1;
	assert_int_equal(write_all(0, 1, shown, sizeof(shown)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pipe_gets_nothing),
	    cmocka_unit_test(a_terminal_gets_each_percentage_once),
	    cmocka_unit_test(nothing_to_do_is_no_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
