#include "auditor/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* Sockets, programs, and every call that changes a file. */
static const char *const refused_calls[] = {"socket", "connect", "bind", "listen", "accept",
    "accept4", "sendto", "sendmsg", "execve", "execveat", "fork", "vfork", "ptrace", "unlink",
    "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat",
    "symlink", "symlinkat", "truncate", "ftruncate", "chmod", "fchmod", "fchmodat", "chown",
    "fchown", "fchownat", "mount", "bpf", "keyctl", "process_vm_readv", "process_vm_writev",
    "creat"};

enum err
audit_sandbox(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(refused_calls) / sizeof(refused_calls[0]) && result == 0;
	     i++) {
		int number = seccomp_syscall_resolve_name(refused_calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		result = -errno;
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result == 0)
		return ERR_OK;
	fprintf(
	    stderr, "hallmark-audit: cannot give up network and programs: %s\n", strerror(-result));
	return ERR_IO;
}
