/*
 * What the key process can still do once it has given up the rest. Each check runs in a child of
 * its own, which says by its exit status how far it came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/ground/sandbox.h"

#define CHANNEL     3
#define SETUP_FAILS 100

/* Exit status of `check` in a sandboxed child: 0 means that all was as expected. */
static int
in_sandbox(int (*check)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (hsm_sandbox_begin(CHANNEL) != ERR_OK || hsm_sandbox_end() != ERR_OK)
			_exit(SETUP_FAILS);
		_exit(check());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
cannot_start_programs(void)
{
	char *arguments[] = {(char *)"/bin/true", NULL};

	execv("/bin/true", arguments);
	return errno == EPERM ? 0 : 1;
}

static int
cannot_make_processes(void)
{
	if (fork() != -1 || errno != EPERM)
		return 1;
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) != -1 || errno != EPERM)
		return 2;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 3;
	return 0;
}

static void *
return_argument(void *argument)
{
	return argument;
}

static int
can_make_threads(void)
{
	pthread_t thread;
	void *result = NULL;
	int argument;

	if (pthread_create(&thread, NULL, return_argument, &argument) != 0)
		return 1;
	return pthread_join(thread, &result) == 0 && result == &argument ? 0 : 2;
}

static int
cannot_look_at_others(void)
{
	uint8_t byte;

	if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != -1 || errno != EPERM)
		return 1;
	if (syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) != -1 || errno != EPERM)
		return 2;
	if (syscall(SYS_io_uring_setup, 1, &byte) != -1 || errno != ENOSYS)
		return 3;
	return 0;
}

static int
has_no_rights(void)
{
	struct rlimit core;
	cap_flag_value_t value;
	cap_t now = cap_get_proc();

	for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
		if (cap_get_flag(now, c, CAP_EFFECTIVE, &value) == 0 && value != CAP_CLEAR)
			return 1;
	cap_free(now);
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 3;
	return 0;
}

static int
can_use_files_and_sockets(void)
{
	int fd = open("/dev/null", O_RDWR), channel[2];

	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0 ? 0 : 2;
}

static int
channel_stays_and_the_rest_is_closed(void)
{
	if (fcntl(CHANNEL, F_GETFD) == -1)
		return 1;
	for (int fd = CHANNEL + 1; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 2;
	return 0;
}

static void
programs(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(cannot_start_programs), 0);
}

static void
processes(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(cannot_make_processes), 0);
}

static void
threads(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(can_make_threads), 0);
}

static void
other_processes(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(cannot_look_at_others), 0);
}

static void
rights(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(has_no_rights), 0);
}

static void
files_and_sockets(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(can_use_files_and_sockets), 0);
}

static void
descriptors(void **state)
{
	int channel[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
	assert_true(dup2(channel[0], 20) == 20 && dup2(channel[1], CHANNEL) == CHANNEL);
	assert_int_equal(in_sandbox(channel_stays_and_the_rest_is_closed), 0);
	close(20);
	close(channel[0]);
	close(channel[1]);
}

static void *
filtered_thread(void *pipe_end)
{
	uint8_t byte;

	/* Made before the filter, told when it is there. */
	if (read(*(int *)pipe_end, &byte, 1) != 1)
		return (void *)2;
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) == -1 && errno == EPERM
		   ? NULL
		   : (void *)1;
}

/* A module makes its threads when it is loaded, before the filter. */
static void
threads_that_were_there_before(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		pthread_t thread;
		void *result = (void *)3;
		int ends[2];

		if (pipe(ends) != 0 ||
		    pthread_create(&thread, NULL, filtered_thread, &ends[0]) != 0 ||
		    hsm_sandbox_end() != ERR_OK || write(ends[1], "x", 1) != 1 ||
		    pthread_join(thread, &result) != 0)
			_exit(SETUP_FAILS);
		_exit(result == NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Otherwise the guard's file could become stderr. */
static void
missing_standard_descriptors_are_filled(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		for (int fd = 0; fd <= 2; fd++)
			close(fd);
		if (hsm_sandbox_begin(CHANNEL) != ERR_OK)
			_exit(SETUP_FAILS);
		for (int fd = 0; fd <= 2; fd++)
			if (fcntl(fd, F_GETFD) == -1)
				_exit(1);
		_exit(open("/dev/null", O_RDONLY) > 2 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(programs),
	    cmocka_unit_test(processes),
	    cmocka_unit_test(threads),
	    cmocka_unit_test(other_processes),
	    cmocka_unit_test(rights),
	    cmocka_unit_test(files_and_sockets),
	    cmocka_unit_test(descriptors),
	    cmocka_unit_test(threads_that_were_there_before),
	    cmocka_unit_test(missing_standard_descriptors_are_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
