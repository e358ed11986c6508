#include "pkcs11/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/complain.h"

static const char *const refused_calls[] = {"execve", "execveat", "fork", "vfork", "ptrace",
    "process_vm_readv", "process_vm_writev", "init_module", "finit_module", "delete_module",
    "kexec_load", "kexec_file_load", "mount", "umount2", "pivot_root", "move_mount", "open_tree",
    "fsopen", "unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "add_key", "request_key",
    "keyctl", "reboot", "swapon", "swapoff", "acct", "settimeofday", "clock_settime", "chroot",
    "iopl", "ioperm"};

static int drop_capabilities(void);

enum err
hsm_sandbox_begin(int keep_fd)
{
	struct rlimit none = {0, 0};

	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && drop_capabilities() == 0 &&
	    close_range((unsigned)keep_fd + 1, ~0U, 0) == 0)
		return ERR_OK;
	complain("cannot give up what the key process must not have: %s", strerror(errno));
	return ERR_IO;
}

enum err
hsm_sandbox_end(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(refused_calls) / sizeof(refused_calls[0]) && result == 0;
	     i++) {
		int number = seccomp_syscall_resolve_name(refused_calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result == 0)
		return ERR_OK;
	complain("cannot load the system call filter: %s", strerror(-result));
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
