#include "auditor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/*
 * Network, programs, and every call that changes a file. io_uring would do all of these past the
 * filter.
 */
static const char *const refused_calls[] = {
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
    "sendmmsg", "io_uring_setup", "io_uring_enter", "io_uring_register", "execve", "execveat",
    "fork", "vfork", "kill", "tkill", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
    "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "mknod",
    "mknodat", "link", "linkat", "symlink", "symlinkat", "truncate", "creat", "openat2",
    "open_by_handle_at", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
    "fremovexattr", "mount", "umount2", "move_mount", "open_tree", "fsopen", "pivot_root", "chroot",
    "unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "add_key", "request_key", "keyctl",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "swapon", "swapoff", "acct", "settimeofday", "clock_settime", "iopl", "ioperm",
#ifndef __SANITIZE_ADDRESS__ /* its leak check is a traced thread */
    "clone", "clone3", "ptrace"
#endif
};

static int drop_capabilities(void);
static int add_refusals(scmp_filter_ctx filter);
static int refuse_writing(scmp_filter_ctx filter, const char *call, unsigned flags_argument);

enum err
audit_sandbox_enter(void)
{
	struct rlimit none = {0, 0};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -ENOMEM;

	if (result == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			       setrlimit(RLIMIT_CORE, &none) != 0 || drop_capabilities() != 0))
		result = -errno;
	if (result == 0)
		result = add_refusals(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result == 0)
		return ERR_OK;
	(void)fprintf(stderr,
	    "hallmark-audit: cannot give up network, programs and writing: %s; nothing was read\n",
	    strerror(-result));
	return ERR_IO;
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
add_refusals(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(refused_calls) / sizeof(refused_calls[0]) && result == 0;
	     i++) {
		int number = seccomp_syscall_resolve_name(refused_calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	if (result == 0)
		result = refuse_writing(filter, "open", 1);
	return result == 0 ? refuse_writing(filter, "openat", 2) : result;
}

/* Any of O_WRONLY, O_RDWR, O_CREAT, O_TRUNC: one rule each, for a rule compares under one mask. */
static int
refuse_writing(scmp_filter_ctx filter, const char *call, unsigned flags_argument)
{
	static const unsigned flags[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};
	const int number = seccomp_syscall_resolve_name(call);
	int result = 0;

	if (number == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 1,
		    SCMP_CMP(flags_argument, SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	return result;
}
