/* What the auditor can still do once it has given up the rest: read files, and write its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "auditor/sandbox.h"

#define SETUP_FAILS 100

/* Of each child, from before it gave up the rest. */
static pid_t parent;
static int terminal = -1;

/*
 * The far end of a pseudo terminal, which becomes the child's own: only there can it type. Where
 * the system has none (no devpts) a file that is no terminal: the filter must not even ask.
 */
static int
new_terminal(void)
{
	const int near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (near < 0)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (grantpt(near) != 0 || unlockpt(near) != 0 || setsid() < 0)
		return -1;
	return open(ptsname(near), O_RDWR | O_CLOEXEC);
}

/* Exit status of `check` in a sandboxed child: 0 means that all was as expected. */
static int
in_sandbox(int (*check)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		parent = getppid();
		terminal = new_terminal();
		if (terminal < 0 || audit_sandbox_enter() != ERR_OK)
			_exit(SETUP_FAILS);
		_exit(check());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
reads(void)
{
	char byte;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &byte, 1) == 1 && close(fd) == 0 && byte == 'N' ? 0 : 1;
}

static int
has_no_network(void)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
	int pair[2];

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (socket(families[i], SOCK_STREAM, 0) != -1 || errno != EPERM)
			return (int)i + 1;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 && errno == EPERM ? 0 : 10;
}

static int
has_no_way_around_by_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) == -1 && errno == EPERM ? 0 : 1;
}

static int
starts_no_programs(void)
{
	char *arguments[] = {(char *)"/bin/true", NULL};

	execv("/bin/true", arguments);
	return errno == EPERM ? 0 : 1;
}

static int
opens_nothing_for_writing(void)
{
	static const int flags[] = {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC,
	    O_WRONLY | O_CREAT | O_EXCL, O_RDWR | O_APPEND, O_RDWR | O_TMPFILE};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (open("/dev/null", flags[i] | O_CLOEXEC, 0600) != -1 || errno != EPERM)
			return (int)i + 1;
	return 0;
}

static int
changes_no_names(void)
{
	if (unlink("/nonexistent") != -1 || errno != EPERM)
		return 1;
	if (rename("/nonexistent", "/nonexistent2") != -1 || errno != EPERM)
		return 2;
	if (mkdir("/nonexistent/x", 0700) != -1 || errno != EPERM)
		return 3;
	return chmod("/nonexistent", 0700) == -1 && errno == EPERM ? 0 : 4;
}

static int
sends_no_signals_but_to_itself(void)
{
	if (syscall(SYS_tgkill, parent, parent, 0) != -1 || errno != EPERM)
		return 1;
	if (kill(parent, 0) != -1 || errno != EPERM)
		return 2;
	if (syscall(SYS_pidfd_open, parent, 0) != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_prlimit64, parent, RLIMIT_CPU, NULL, NULL) != -1 || errno != EPERM)
		return 4;
	return syscall(SYS_tgkill, getpid(), gettid(), 0) == 0 ? 0 : 5;
}

/* What is typed into a terminal is run by the shell behind it. */
static int
types_nothing_into_a_terminal(void)
{
	struct termios settings = {0};
	char byte = 'x';

	if (isatty(terminal) && tcgetattr(terminal, &settings) != 0)
		return 1;
	if (ioctl(terminal, TIOCSTI, &byte) != -1 || errno != EPERM)
		return 2;
	/* The kernel does not look at the upper half. */
	if (syscall(SYS_ioctl, terminal, 1UL << 32 | TIOCSTI, &byte) != -1 || errno != EPERM)
		return 3;
	return tcsetattr(terminal, TCSANOW, &settings) == -1 && errno == EPERM ? 0 : 4;
}

/* A filter that names what is forbidden does not know these numbers. */
static int
makes_no_call_that_is_newer_than_the_filter(void)
{
	for (long number = 452; number < 600; number++)
		if (syscall(number, -1, NULL, NULL, NULL) != -1 || errno != EPERM)
			return 1;
	return 0;
}

static int
has_no_privileges(void)
{
	char text[4096];
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (size < 0 || close(fd) != 0)
		return 1;
	text[size] = '\0';
	if (strstr(text, "\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n") == NULL)
		return 2;
	return strstr(text, "\nNoNewPrivs:\t1\n") != NULL ? 0 : 3;
}

#define SANDBOX_TEST(name)                                                                         \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		assert_int_equal(in_sandbox(name), 0);                                             \
	}
SANDBOX_TEST(reads)
SANDBOX_TEST(has_no_network)
SANDBOX_TEST(has_no_way_around_by_io_uring)
SANDBOX_TEST(starts_no_programs)
SANDBOX_TEST(opens_nothing_for_writing)
SANDBOX_TEST(changes_no_names)
SANDBOX_TEST(sends_no_signals_but_to_itself)
SANDBOX_TEST(types_nothing_into_a_terminal)
SANDBOX_TEST(makes_no_call_that_is_newer_than_the_filter)
SANDBOX_TEST(has_no_privileges)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads),
	    cmocka_unit_test(test_has_no_network),
	    cmocka_unit_test(test_has_no_way_around_by_io_uring),
	    cmocka_unit_test(test_starts_no_programs),
	    cmocka_unit_test(test_opens_nothing_for_writing),
	    cmocka_unit_test(test_changes_no_names),
	    cmocka_unit_test(test_sends_no_signals_but_to_itself),
	    cmocka_unit_test(test_types_nothing_into_a_terminal),
	    cmocka_unit_test(test_makes_no_call_that_is_newer_than_the_filter),
	    cmocka_unit_test(test_has_no_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
