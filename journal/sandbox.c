#include "journal/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "journal/logger.h"

/* A leak checker stops and reads its own process when it ends: a build for tests must let it. */
#ifdef __SANITIZE_ADDRESS__
#define LEAK_CHECKED true
#else
#define LEAK_CHECKED false
#endif

/* Calls that neither libuv, OpenSSL and SQLite nor a spawned key process makes; ptrace is first. */
static const char *const refused_calls[] = {"ptrace", "process_vm_readv", "process_vm_writev",
    "pidfd_getfd", "kcmp", "open_by_handle_at", "fsmount", "mount_setattr", "init_module",
    "finit_module", "delete_module", "kexec_load", "kexec_file_load", "mount", "umount2",
    "pivot_root", "move_mount", "open_tree", "fsopen", "unshare", "setns", "bpf", "perf_event_open",
    "userfaultfd", "add_key", "request_key", "keyctl", "reboot", "swapon", "swapoff", "acct",
    "settimeofday", "clock_settime", "iopl", "ioperm", "chroot"};

/* Nor is any of these made where a key process is not to be started. */
static const char *const starting_calls[] = {"execve", "execveat", "fork", "vfork"};

static int drop_capabilities(void);
static int filter_calls(bool starts_programs);
static int refuse(scmp_filter_ctx filter, const char *const *calls, size_t call_count);
static int refuse_processes(scmp_filter_ctx filter);
static void require(int result, const char *what);

void
sandbox_enter(bool starts_programs)
{
	struct rlimit none = {0, 0};

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	require(setrlimit(RLIMIT_CORE, &none), "no core dumps");
	require(prctl(PR_SET_DUMPABLE, LEAK_CHECKED, 0, 0, 0), "not dumpable");
	require(drop_capabilities(), "dropping capabilities");
	require(filter_calls(starts_programs), "the system call filter");
}

static int
drop_capabilities(void)
{
	cap_t empty = cap_init();
	int result = empty != NULL ? cap_set_proc(empty) : -1;

	cap_free(empty);
	return result;
}

static int
filter_calls(bool starts_programs)
{
	const size_t first = LEAK_CHECKED ? 1 : 0;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;

	if (result == 0)
		result = refuse(filter, refused_calls + first,
		    sizeof(refused_calls) / sizeof(refused_calls[0]) - first);
	if (result == 0 && !starts_programs)
		result = refuse(
		    filter, starting_calls, sizeof(starting_calls) / sizeof(starting_calls[0]));
	if (result == 0 && !starts_programs && !LEAK_CHECKED)
		result = refuse_processes(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		errno = -result;
	return result;
}

/* A call that this kernel or machine does not have needs no rule. */
static int
refuse(scmp_filter_ctx filter, const char *const *calls, size_t call_count)
{
	int result = 0;

	for (size_t i = 0; i < call_count && result == 0; i++) {
		const int number = seccomp_syscall_resolve_name(calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	return result;
}

/* Threads stay. clone3 hides its flags from a filter: as unknown, it makes libc take clone. */
static int
refuse_processes(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
	const int clone3_number = seccomp_syscall_resolve_name("clone3");
	int result =
	    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &no_thread);

	if (result == 0 && clone3_number != __NR_SCMP_ERROR)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3_number, 0);
	return result;
}

static void
require(int result, const char *what)
{
	if (result == 0)
		return;
	logger_say(LOGGER_ERROR, "sandbox-failed", "%s: %s", what, strerror(errno));
	exit(1);
}
