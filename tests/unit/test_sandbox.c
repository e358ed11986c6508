/* What the signer can still do once it has given up the rest; each check in a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/sandbox.h"

/* Exit status of `check` in a sandboxed child: 0 means that all was as expected. */
static int
in_sandbox(bool starts_programs, int (*check)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		sandbox_enter(starts_programs);
		_exit(check());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
starts_a_program(void)
{
	char *arguments[] = {(char *)"/bin/true", NULL};

	execv("/bin/true", arguments); /* which ends with 0 */
	return errno == EPERM ? 100 : 101;
}

static int
makes_no_process(void)
{
#ifdef __SANITIZE_ADDRESS__ /* whose leak checker makes one */
	return 0;
#else
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) != -1 || errno != EPERM)
		return 1;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 2;
	return fork() == -1 && errno == EPERM ? 0 : 3;
#endif
}

static void *
return_argument(void *argument)
{
	return argument;
}

static int
makes_threads(void)
{
	pthread_t thread;
	void *result = NULL;
	int argument;

	if (pthread_create(&thread, NULL, return_argument, &argument) != 0)
		return 1;
	return pthread_join(thread, &result) == 0 && result == &argument ? 0 : 2;
}

static int
reaches_no_other_process(void)
{
	if (syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0) != -1 || errno != EPERM)
		return 1;
	return syscall(SYS_pidfd_getfd, -1, 0, 0) == -1 && errno == EPERM ? 0 : 2;
}

static void
with_a_key_process_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(true, starts_a_program), 0);
	assert_int_equal(in_sandbox(true, makes_threads), 0);
	assert_int_equal(in_sandbox(true, reaches_no_other_process), 0);
}

static void
with_a_key_process_of_systemds(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(false, starts_a_program), 100);
	assert_int_equal(in_sandbox(false, makes_no_process), 0);
	assert_int_equal(in_sandbox(false, makes_threads), 0);
	assert_int_equal(in_sandbox(false, reaches_no_other_process), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(with_a_key_process_of_its_own),
	    cmocka_unit_test(with_a_key_process_of_systemds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
