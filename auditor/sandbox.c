#include "auditor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * What reading files and writing an answer needs. All else that a kernel has, or will have, is
 * refused: network, programs, other processes, and every call that changes a file.
 */
static const char *const allowed_calls[] = {"read", "pread64", "readv", "write", "writev", "close",
    "lseek", "dup", "getdents64", "fstat", "stat", "lstat", "newfstatat", "statx", "readlink",
    "readlinkat", "getcwd", "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "futex",
    "getrandom", "clock_gettime", "gettimeofday", "time", "sysinfo", "getpid", "gettid", "geteuid",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "sched_yield", "exit",
    "exit_group"};

/* A sanitizer reports from threads and processes of its own. */
static const char *const sanitizer_calls[] = {"clone", "clone3", "ptrace", "wait4", "prctl",
    "getdents", "sigaltstack", "sched_getaffinity", "set_robust_list", "rseq", "arch_prctl",
    "getppid", "uname"};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define WRITING  (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
#define INT_BITS UINT32_MAX /* the kernel takes these bits, whatever stands above them */

/* Allowed only where the argument, under the mask, has the value. */
static const struct {
	const char *call;
	unsigned argument;
	scmp_datum_t mask, value;
} conditions[] = {
    {"open", 1, WRITING, 0},         /* to read alone */
    {"openat", 2, WRITING, 0},       /* likewise */
    {"fcntl", 1, INT_BITS, F_GETFL}, /* fdopendir */
    {"fcntl", 1, INT_BITS, F_SETFD}, /* likewise */
    {"ioctl", 1, INT_BITS, TCGETS},  /* isatty; another request types into the terminal */
};

static int drop_capabilities(void);
static int add_rules(scmp_filter_ctx filter);
static int allow_calls(scmp_filter_ctx filter, const char *const *calls, size_t count);
static int allow_if(scmp_filter_ctx filter, const char *call, struct scmp_arg_cmp condition);

enum err
audit_sandbox_enter(void)
{
	struct rlimit none = {0, 0};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = filter != NULL ? 0 : -ENOMEM;

	if (result == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			       setrlimit(RLIMIT_CORE, &none) != 0 || drop_capabilities() != 0))
		result = -errno;
	if (result == 0)
		result = add_rules(filter);
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
add_rules(scmp_filter_ctx filter)
{
	int result =
	    allow_calls(filter, allowed_calls, sizeof(allowed_calls) / sizeof(allowed_calls[0]));

	if (result == 0 && SANITIZED)
		result = allow_calls(
		    filter, sanitizer_calls, sizeof(sanitizer_calls) / sizeof(sanitizer_calls[0]));
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]) && result == 0; i++)
		result = allow_if(filter, conditions[i].call,
		    SCMP_CMP(conditions[i].argument, SCMP_CMP_MASKED_EQ, conditions[i].mask,
			conditions[i].value));
	/* How abort() ends this process; none but this one. */
	if (result == 0)
		result = allow_if(filter, "tgkill",
		    SCMP_CMP(0, SCMP_CMP_MASKED_EQ, INT_BITS, (scmp_datum_t)getpid()));
	return result;
}

/* A call that this machine does not have needs no rule. */
static int
allow_calls(scmp_filter_ctx filter, const char *const *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		const int number = seccomp_syscall_resolve_name(calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return result;
}

static int
allow_if(scmp_filter_ctx filter, const char *call, struct scmp_arg_cmp condition)
{
	const int number = seccomp_syscall_resolve_name(call);

	return number == __NR_SCMP_ERROR
		   ? 0
		   : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &condition);
}
