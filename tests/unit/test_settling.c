/*
 * A file has settled when what was dirty of it is written back: by the host's configuration, and
 * by a clock that nobody has set forward.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/content/settling.h"

#define CHANGED_S 1000000

static bool
is_over_after(struct settling *w, int64_t seconds)
{
	const struct statx s = {.stx_ctime = {.tv_sec = CHANGED_S}};
	const struct timespec began = {CHANGED_S + seconds, 0};

	return settling_is_over(w, &s, &began);
}

static void
expect_settled_after(struct settling *w, int64_t seconds)
{
	assert_false(is_over_after(w, seconds - 1));
	assert_true(is_over_after(w, seconds));
}

/* In a mount namespace of its own. */
static void
configure(const char *name, const char *text)
{
	char from[] = "/tmp/hallmark-settling-XXXXXX", to[128];
	const int fd = mkstemp(from);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	(void)snprintf(to, sizeof(to), "/proc/sys/vm/%s", name);
	assert_int_equal(mount(from, to, NULL, MS_BIND, NULL), 0);
	assert_int_equal(unlink(from), 0);
}

static void
it_takes_what_the_host_is_configured_to(void **state)
{
	static const struct {
		const char *expire, *look;
		int64_t settled_s; /* 0: never */
	} cases[] = {
	    {"3000\n", "500\n", SETTLING_LEAST_S},
	    {"100\n", "100\n", SETTLING_LEAST_S},
	    {"6001\n", "500\n", 121},
	    {"3000\n", "90000\n", 1800},
	    {"2147483647\n", "2147483647\n", 42949673},
	    {"3000\n", "0\n", 0},
	    {"3000\n", "", 0},
	    {"many\n", "500\n", 0},
	    {"2147483648\n", "500\n", 0},
	};

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settling w = {.wait_s = 0};

		configure("dirty_expire_centisecs", cases[i].expire);
		configure("dirty_writeback_centisecs", cases[i].look);
		settling_begin(&w);
		if (cases[i].settled_s != 0)
			expect_settled_after(&w, cases[i].settled_s);
		else
			assert_false(is_over_after(&w, INT32_MAX));
		assert_int_equal(umount("/proc/sys/vm/dirty_expire_centisecs"), 0);
		assert_int_equal(umount("/proc/sys/vm/dirty_writeback_centisecs"), 0);
	}
}

/*
 * Where the other clock is so many seconds ahead, what the wall clock is ahead of it is as much
 * less: the same as if the wall clock had been set. Exits with whether a file has settled.
 */
static int
status_where_clock_is_ahead(struct settling *w, int seconds)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0) {
		const int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
		pid_t there;

		if (unshare(CLONE_NEWTIME) != 0 || dprintf(fd, "monotonic %d 0\n", seconds) < 0)
			_exit(77);
		if ((there = fork()) == 0) {
			settling_begin(w);
			_exit(is_over_after(w, INT32_MAX));
		}
		_exit(waitpid(there, &status, 0) == there ? WEXITSTATUS(status) : 77);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void
nothing_settles_behind_a_step_forward(void **state)
{
	struct settling w = {.wait_s = 0};
	int forward;

	(void)state;
	settling_begin(&w);
	if (w.never)
		skip();
	assert_true(is_over_after(&w, INT32_MAX));
	forward = status_where_clock_is_ahead(&w, -5);
	if (forward == 77)
		skip();
	assert_int_equal(forward, 0);
	assert_int_equal(status_where_clock_is_ahead(&w, 5), 1);
}

static void
it_settles_so_long_behind_the_step(void **state)
{
	struct settling w = {.wait_s = 0};

	(void)state;
	settling_begin(&w);
	if (w.never)
		skip();
	w.ahead_ms -= 2000;
	assert_false(is_over_after(&w, INT32_MAX));
	assert_false(is_over_after(&w, INT32_MAX)); /* the step is over, the waiting is not */
	w.from_ms -= w.wait_s * 1000;
	assert_true(is_over_after(&w, INT32_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_settles_behind_a_step_forward),
	    cmocka_unit_test(it_settles_so_long_behind_the_step),
	    cmocka_unit_test(it_takes_what_the_host_is_configured_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
