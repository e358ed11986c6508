/* What the collector can still do behind its filter; each check in a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/processes/rights.h"

#define SETUP_FAILS 100

static pid_t parent;
static uint8_t changed; /* at the same address in the parent */

/* Exit status of `check` in a child without rights: 0 means that all was as expected. */
static int
without_rights(int (*check)(void))
{
	struct trouble t = TROUBLE_INIT;
	pid_t child;
	int status;

	parent = getpid();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (rights_measure(&t) != ERR_OK)
			_exit(SETUP_FAILS);
		_exit(check());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
writes_into_no_process(void)
{
	uint8_t byte = 1;
	struct iovec from = {&byte, 1}, to = {&changed, 1};

	if (process_vm_writev(parent, &from, 1, &to, 1, 0) != -1 || errno != EPERM)
		return 1;
	if (syscall(SYS_pidfd_getfd, -1, 0, 0) != -1 || errno != EPERM)
		return 2;
#ifndef __SANITIZE_ADDRESS__
	if (ptrace(PTRACE_POKEDATA, parent, NULL, NULL) != -1 || errno != EPERM)
		return 3;
#endif
	if (kill(parent, 0) != -1 || errno != EPERM)
		return 4;
	return syscall(SYS_tgkill, parent, parent, 0) == -1 && errno == EPERM ? 0 : 5;
}

static int
starts_nothing(void)
{
	char *arguments[] = {(char *)"/bin/true", NULL};

	execv("/bin/true", arguments);
	if (errno != EPERM)
		return 1;
#ifndef __SANITIZE_ADDRESS__
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) != -1 || errno != EPERM)
		return 2;
#endif
	return 0;
}

static int
makes_no_call_that_is_not_listed(void)
{
	static const long calls[] = {SYS_mount, SYS_bpf, SYS_keyctl, SYS_unshare, SYS_setns,
	    SYS_io_uring_setup, SYS_perf_event_open, SYS_userfaultfd, SYS_chroot, SYS_init_module,
	    SYS_open_by_handle_at, SYS_process_madvise, SYS_setuid, SYS_memfd_create};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (syscall(calls[i], -1, NULL, NULL, NULL) != -1 || errno != EPERM)
			return (int)i + 1;
	for (long number = 452; number < 600; number++)
		if (syscall(number, -1, NULL, NULL, NULL) != -1 || errno != EPERM)
			return 50;
	return 0;
}

static int
changes_no_limits_and_types_nothing(void)
{
	struct rlimit limit;
	char byte = 'x';

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	if (setrlimit(RLIMIT_NOFILE, &limit) != -1 || errno != EPERM)
		return 2;
	if (syscall(SYS_prlimit64, parent, RLIMIT_NOFILE, NULL, &limit) != -1 || errno != EPERM)
		return 3;
	return ioctl(0, TIOCSTI, &byte) == -1 && errno == EPERM ? 0 : 4;
}

static void *
return_argument(void *argument)
{
	return argument;
}

static int
reads_and_speaks(void)
{
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const int pidfd = (int)syscall(SYS_pidfd_open, parent, 0);
	pthread_t thread;
	char byte;

	if (fd < 0 || read(fd, &byte, 1) != 1 || pidfd < 0)
		return 1;
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		return 2;
	if (pthread_create(&thread, NULL, return_argument, NULL) != 0)
		return 3;
	return pthread_join(thread, NULL) == 0 ? 0 : 4;
}

#define FILTER_TEST(name)                                                                          \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		assert_int_equal(without_rights(name), 0);                                         \
		assert_int_equal(changed, 0);                                                      \
	}
FILTER_TEST(writes_into_no_process)
FILTER_TEST(starts_nothing)
FILTER_TEST(makes_no_call_that_is_not_listed)
FILTER_TEST(changes_no_limits_and_types_nothing)
FILTER_TEST(reads_and_speaks)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_writes_into_no_process),
	    cmocka_unit_test(test_starts_nothing),
	    cmocka_unit_test(test_makes_no_call_that_is_not_listed),
	    cmocka_unit_test(test_changes_no_limits_and_types_nothing),
	    cmocka_unit_test(test_reads_and_speaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
