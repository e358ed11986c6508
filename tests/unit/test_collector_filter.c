/* What each process of the collector can still do behind its filter; each check in a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/memory/procmap.h"
#include "collector/processes/filter.h"
#include "collector/processes/rights.h"

#define SETUP_FAILS 100

/* Of a measuring process that has a starting one, which has made the filter. */
#define FILTER_MADE ((enum filter_role)(FILTER_REPORTING + 1))

static pid_t parent;
static uint8_t changed; /* at the same address in the parent */

static enum err
enter(enum filter_role role)
{
	struct trouble t = TROUBLE_INIT;
	struct filter_made *made;
	enum err e;

	if (role == FILTER_MADE) {
		if ((e = filter_make(&made, &t)) == ERR_OK && (e = rights_start(&t)) == ERR_OK)
			e = rights_measure_within(1024, made, &t);
		return e;
	}
	if (role == FILTER_MEASURING)
		return rights_measure(&t);
	return role == FILTER_STARTING ? rights_start(&t) : filter_enter(role, &t);
}

/* Exit status of `check` in a child of this role: 0 means that all was as expected. */
static int
within(enum filter_role role, int (*check)(void))
{
	pid_t child;
	int status;

	parent = getpid();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (enter(role) != ERR_OK)
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
	return syscall(SYS_tgkill, parent, parent, 0) == -1 && errno == EPERM ? 0 : 5;
}

static int
signals_and_starts_nobody(void)
{
	if (kill(parent, 0) != -1 || errno != EPERM)
		return 1;
#ifndef __SANITIZE_ADDRESS__
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) != -1 || errno != EPERM)
		return 2;
#endif
	return 0;
}

static int
starts_no_program(void)
{
	char *arguments[] = {(char *)"/bin/true", NULL};

	execv("/bin/true", arguments);
	return errno == EPERM ? 0 : 1;
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

/* What takes its flags from memory is as if the kernel did not have it. */
static int
hides_what_cannot_be_looked_at(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct open_how how = {.flags = O_RDONLY};

	if (syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) != -1 || errno != ENOSYS)
		return 1;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 2;
#endif
	return 0;
}

static int
opens_nothing_for_writing(void)
{
	static const int flags[] = {O_WRONLY, O_RDWR, O_ACCMODE, O_RDONLY | O_CREAT,
	    O_RDONLY | O_TRUNC, O_RDONLY | O_APPEND, O_TMPFILE | O_RDWR, O_WRONLY | O_PATH};
	char memory[32];

	(void)snprintf(memory, sizeof(memory), "/proc/%d/mem", (int)parent);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (openat(AT_FDCWD, memory, flags[i], 0600) != -1 || errno != EPERM)
			return 1 + (int)i;
		if (syscall(SYS_open, "/dev/null", flags[i], 0600) != -1 || errno != EPERM)
			return 11 + (int)i;
	}
	if (syscall(SYS_creat, "/dev/null", 0600) != -1 || errno != EPERM)
		return 21;
	return openat(AT_FDCWD, "/dev/null", O_RDONLY) >= 0 &&
		       openat(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW) >= 0
		   ? 0
		   : 22;
}

static int
changes_no_file(void)
{
	static const long calls[] = {SYS_mkdir, SYS_mkdirat, SYS_rmdir, SYS_unlink, SYS_unlinkat,
	    SYS_rename, SYS_renameat, SYS_renameat2, SYS_link, SYS_linkat, SYS_symlink,
	    SYS_symlinkat, SYS_mknod, SYS_mknodat, SYS_truncate, SYS_ftruncate, SYS_fallocate,
	    SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_chown, SYS_fchown, SYS_utimensat, SYS_setxattr,
	    SYS_pwrite64, SYS_copy_file_range, SYS_sendfile, SYS_splice, SYS_flock, SYS_fsync};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (syscall(calls[i], -1, NULL, NULL, NULL, NULL) != -1 || errno != EPERM)
			return (int)i + 1;
	if (fcntl(0, F_SETLEASE, F_RDLCK) != -1 || errno != EPERM)
		return 50;
	return fcntl(0, F_GETFL) >= 0 ? 0 : 51;
}

static int
speaks_to_nobody(void)
{
	static const long calls[] = {SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
	    SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvmsg};

	for (int domain = 0; domain < AF_MAX; domain++)
		if (socket(domain, SOCK_STREAM, 0) != -1 || errno != EPERM)
			return 1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (syscall(calls[i], -1, NULL, NULL, NULL) != -1 || errno != EPERM)
			return 2 + (int)i;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0}) == -1 && errno == EPERM ? 0 : 20;
}

static void *
return_argument(void *argument)
{
	return argument;
}

static int
reads(void)
{
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char byte;

	if (fd < 0 || read(fd, &byte, 1) != 1)
		return 1;
	return syscall(SYS_pidfd_open, parent, 0) >= 0 ? 0 : 2;
}

/* Nothing that is more than a thread or less; 0, or the first that is. A sanitizer makes processes.
 */
static int
makes_another(void)
{
#ifndef __SANITIZE_ADDRESS__
	static const unsigned long other[] = {CLONE_VM | SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD,
	    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
	    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_NEWNET};

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (syscall(SYS_clone, other[i], NULL, NULL, NULL, 0) != -1 || errno != EPERM)
			return 1 + (int)i;
#endif
	return 0;
}

/* Threads that share all they have with it. */
static int
makes_threads_and_no_processes(void)
{
	pthread_t thread;
	int another;

	if (pthread_create(&thread, NULL, return_argument, NULL) != 0)
		return 1;
	if (pthread_join(thread, NULL) != 0)
		return 2;
	another = makes_another();
	return another != 0 ? 2 + another : 0;
}

static int
keeps_files_and_speaks(void)
{
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	pthread_t thread;
	char byte;

	if (fd < 0 || read(fd, &byte, 1) != 1 || open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
		return 1;
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		return 2;
	if (pthread_create(&thread, NULL, return_argument, NULL) != 0)
		return 3;
	return pthread_join(thread, NULL) == 0 ? 0 : 4;
}

/* Packets as they are, other networks, and most that a kernel is asked or told by. */
static int
speaks_as_programs_do(void)
{
	for (int domain = 0; domain < AF_MAX; domain++)
		if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6 &&
		    (socket(domain, SOCK_RAW, NETLINK_SOCK_DIAG) != -1 || errno != EPERM))
			return 1 + domain;
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 98;
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) >= 0 ? 0 : 99;
}

static int
looks_into_nobody(void)
{
	if (syscall(SYS_pidfd_open, parent, 0) != -1 || errno != EPERM)
		return 1;
	return syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0) == -1 && errno == EPERM
		   ? 0
		   : 2;
}

/* Whose a namespace is, what is mapped, by which digest a file is checked, where it lies. */
static int
asks_of_what_is_open(void)
{
	static const unsigned long requests[] = {
	    NS_GET_USERNS, PROCMAP_REQUEST, FS_IOC_MEASURE_VERITY, FS_IOC_FIEMAP};
	const int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 1;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (ioctl(fd, requests[i], NULL) == -1 && errno == EPERM)
			return 2 + (int)i;
	return 0;
}

/* And each child may give up more: it has both filters, so what it may is in both. */
static int
starts_processes_like_itself(void)
{
	int pair[2], status;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || (child = fork()) < 0)
		return 1;
	if (child == 0) {
		struct trouble t = TROUBLE_INIT;

		if (filter_enter(FILTER_MEASURING, &t) != ERR_OK)
			_exit(SETUP_FAILS);
#ifndef __SANITIZE_ADDRESS__
		if (fork() != -1 || errno != EPERM)
			_exit(1);
#endif
		_exit(reads() != 0 ? 1 : asks_of_what_is_open());
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		return 2;
#ifndef __SANITIZE_ADDRESS__
	if (syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, NULL, NULL, NULL, 0) != -1 ||
	    errno != EPERM)
		return 3;
#endif
	return socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM ? 0 : 4;
}

#define FILTER_TEST(role, name)                                                                    \
	static void test_##role##_##name(void **state)                                             \
	{                                                                                          \
		(void)state;                                                                       \
		assert_int_equal(within(FILTER_##role, name), 0);                                  \
		assert_int_equal(changed, 0);                                                      \
	}
#define FILTER_TEST_OF_ALL(name)                                                                   \
	FILTER_TEST(STARTING, name)                                                                \
	FILTER_TEST(MEASURING, name)                                                               \
	FILTER_TEST(MADE, name)                                                                    \
	FILTER_TEST(REPORTING, name)
#define RUN(role, name) cmocka_unit_test(test_##role##_##name)
#define RUN_ALL(name)                                                                              \
	RUN(STARTING, name), RUN(MEASURING, name), RUN(MADE, name), RUN(REPORTING, name)

FILTER_TEST_OF_ALL(writes_into_no_process)
FILTER_TEST_OF_ALL(starts_no_program)
FILTER_TEST_OF_ALL(makes_no_call_that_is_not_listed)
FILTER_TEST_OF_ALL(changes_no_limits_and_types_nothing)
FILTER_TEST_OF_ALL(hides_what_cannot_be_looked_at)
FILTER_TEST(MEASURING, signals_and_starts_nobody)
FILTER_TEST(MADE, signals_and_starts_nobody)
FILTER_TEST(REPORTING, signals_and_starts_nobody)
FILTER_TEST(STARTING, opens_nothing_for_writing)
FILTER_TEST(MEASURING, opens_nothing_for_writing)
FILTER_TEST(MADE, opens_nothing_for_writing)
FILTER_TEST(STARTING, changes_no_file)
FILTER_TEST(MEASURING, changes_no_file)
FILTER_TEST(MADE, changes_no_file)
FILTER_TEST(MEASURING, speaks_to_nobody)
FILTER_TEST(MADE, speaks_to_nobody)
FILTER_TEST(MEASURING, reads)
FILTER_TEST(MADE, reads)
FILTER_TEST(STARTING, reads)
FILTER_TEST(MEASURING, makes_threads_and_no_processes)
FILTER_TEST(STARTING, makes_threads_and_no_processes)
FILTER_TEST(MEASURING, asks_of_what_is_open)
FILTER_TEST(MADE, asks_of_what_is_open)
FILTER_TEST(STARTING, starts_processes_like_itself)
FILTER_TEST(REPORTING, keeps_files_and_speaks)
FILTER_TEST(REPORTING, looks_into_nobody)
FILTER_TEST(REPORTING, speaks_as_programs_do)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RUN_ALL(writes_into_no_process),
	    RUN_ALL(starts_no_program),
	    RUN_ALL(makes_no_call_that_is_not_listed),
	    RUN_ALL(changes_no_limits_and_types_nothing),
	    RUN_ALL(hides_what_cannot_be_looked_at),
	    RUN(MEASURING, signals_and_starts_nobody),
	    RUN(MADE, signals_and_starts_nobody),
	    RUN(REPORTING, signals_and_starts_nobody),
	    RUN(STARTING, opens_nothing_for_writing),
	    RUN(MEASURING, opens_nothing_for_writing),
	    RUN(MADE, opens_nothing_for_writing),
	    RUN(STARTING, changes_no_file),
	    RUN(MEASURING, changes_no_file),
	    RUN(MADE, changes_no_file),
	    RUN(MEASURING, speaks_to_nobody),
	    RUN(MADE, speaks_to_nobody),
	    RUN(MEASURING, reads),
	    RUN(MADE, reads),
	    RUN(STARTING, reads),
	    RUN(MEASURING, makes_threads_and_no_processes),
	    RUN(STARTING, makes_threads_and_no_processes),
	    RUN(MEASURING, asks_of_what_is_open),
	    RUN(MADE, asks_of_what_is_open),
	    RUN(STARTING, starts_processes_like_itself),
	    RUN(REPORTING, keeps_files_and_speaks),
	    RUN(REPORTING, looks_into_nobody),
	    RUN(REPORTING, speaks_as_programs_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
