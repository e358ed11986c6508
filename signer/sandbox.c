#include "signer/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
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
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "mount",
    "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "unshare", "setns", "bpf",
    "perf_event_open", "userfaultfd", "add_key", "request_key", "keyctl", "reboot", "swapon",
    "swapoff", "acct", "settimeofday", "clock_settime", "iopl", "ioperm", "chroot"};

static int drop_capabilities(void);
static int filter_calls(void);
static void require(int result, const char *what);

void
sandbox_enter(void)
{
	struct rlimit none = {0, 0};

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	require(setrlimit(RLIMIT_CORE, &none), "no core dumps");
	require(prctl(PR_SET_DUMPABLE, LEAK_CHECKED, 0, 0, 0), "not dumpable");
	require(drop_capabilities(), "dropping capabilities");
	require(filter_calls(), "the system call filter");
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
filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -1;

	for (size_t i = LEAK_CHECKED ? 1 : 0;
	     i < sizeof(refused_calls) / sizeof(refused_calls[0]) && result == 0; i++) {
		int number = seccomp_syscall_resolve_name(refused_calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
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
