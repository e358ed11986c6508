#include "pkcs11/ground/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/descriptors.h"
#include "journal/sink.h"
#include "pkcs11/ground/complain.h"

/* Refused with EPERM, not with death: a module that tries one of them may still do its work. */
static const char *const refused_calls[] = {"execve", "execveat", "fork", "vfork", "ptrace",
    "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "init_module", "finit_module",
    "delete_module", "kexec_load", "kexec_file_load", "mount", "umount2", "pivot_root",
    "move_mount", "open_tree", "fsopen", "fsmount", "mount_setattr", "unshare", "setns", "chroot",
    "bpf", "perf_event_open", "userfaultfd", "add_key", "request_key", "keyctl", "reboot", "swapon",
    "swapoff", "acct", "quotactl", "syslog", "settimeofday", "clock_settime", "clock_adjtime",
    "adjtimex", "personality", "iopl", "ioperm", "open_by_handle_at"};

/*
 * Refused as unknown to the kernel, so that callers take the older way: clone3 hides its flags from
 * a filter, and io_uring does whole system calls beside it.
 */
static const char *const unknown_calls[] = {
    "clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"};

static int drop_capabilities(void);
static int refuse(
    scmp_filter_ctx filter, uint32_t action, const char *const *calls, size_t call_count);

enum err
hsm_sandbox_prepare(void)
{
	struct rlimit none = {0, 0};

	if (descriptors_open_standard() == ERR_OK && setrlimit(RLIMIT_CORE, &none) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		return ERR_OK;
	complain("cannot open /dev/null, or forbid core dumps, in which the PIN could be: %s",
	    strerror(errno));
	return ERR_IO;
}

enum err
hsm_sandbox_begin(int keep_fd)
{
	umask(077);
	if (hsm_sandbox_prepare() != ERR_OK)
		return ERR_IO;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && drop_capabilities() == 0 &&
	    close_range((unsigned)keep_fd + 1, ~0U, 0) == 0) {
		sink_open_again(); /* its descriptor was among them */
		return ERR_OK;
	}
	complain("cannot give up what the key process must not have: %s", strerror(errno));
	return ERR_IO;
}

enum err
hsm_sandbox_end(void)
{
	const struct scmp_arg_cmp no_thread =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0); /* flags of clone: a process */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = -ENOMEM;

	if (filter != NULL && (result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1)) == 0 &&
	    (result = refuse(filter, SCMP_ACT_ERRNO(EPERM), refused_calls,
		 sizeof(refused_calls) / sizeof(refused_calls[0]))) == 0 &&
	    (result = refuse(filter, SCMP_ACT_ERRNO(ENOSYS), unknown_calls,
		 sizeof(unknown_calls) / sizeof(unknown_calls[0]))) == 0 &&
	    (result = seccomp_rule_add_array(
		 filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &no_thread)) == 0)
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

/* A call that this kernel or machine does not have needs no rule. */
static int
refuse(scmp_filter_ctx filter, uint32_t action, const char *const *calls, size_t call_count)
{
	int result = 0;

	for (size_t i = 0; i < call_count && result == 0; i++) {
		int number = seccomp_syscall_resolve_name(calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, action, number, 0);
	}
	return result;
}
