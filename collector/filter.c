#include "collector/filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* By what they are for; several names of one thing are what other libcs and machines call it. */
static const char *const allowed_calls[] = {
    /* files */
    "read", "pread64", "readv", "preadv", "preadv2", "write", "pwrite64", "writev", "close",
    "close_range", "lseek", "dup", "dup2", "dup3", "fcntl", "flock", "open", "openat", "openat2",
    "getdents64", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "umask", "fadvise64",
    "copy_file_range", "sendfile",
    /* the state */
    "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link",
    "linkat", "ftruncate", "fallocate", "fsync", "fdatasync", "fchmod", "utimensat",
    /* memory */
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mlock", "munlock", "mincore",
    /* threads of its own; processes are refused below */
    "futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "membarrier", "gettid",
    "exit", "exit_group", "restart_syscall", "sigaltstack", "arch_prctl", "set_tid_address",
    /* signals and time */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "timerfd_create", "timerfd_settime", "eventfd2", "signalfd4", "pause",
    /* waiting and the network; name resolution sends several messages at once */
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait",
    "epoll_pwait", "pipe", "pipe2", "socket", "socketpair", "connect", "bind", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg",
    "sendmmsg", "recvmmsg", "shutdown",
    /* what it asks about itself and the host */
    "getrandom", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
    "getresgid", "getgroups", "uname", "sysinfo", "getrlimit", "getrusage", "capget", "pidfd_open",
    "getcpu"};

/* AddressSanitizer looks for leaks from a process of its own. */
static const char *const sanitizer_calls[] = {
    "clone", "clone3", "ptrace", "wait4", "getdents", "prctl", "personality"};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define INT_BITS UINT32_MAX /* the kernel takes these bits, whatever stands above them */

static int add_rules(scmp_filter_ctx filter);
static int allow(scmp_filter_ctx filter, const char *const *calls, size_t call_count);

enum err
filter_enter(struct trouble *t)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = filter != NULL ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;

	if (result == 0)
		result = add_rules(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result == 0)
		return ERR_OK;
	return trouble_set(
	    t, ERR_IO, "the system call filter cannot be loaded: %s", strerror(-result));
}

static int
add_rules(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	/* Itself alone: abort, and what it may use of memory and files. */
	const struct scmp_arg_cmp own =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, (scmp_datum_t)getpid());
	const struct scmp_arg_cmp own_limits[] = {
	    SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, 0), SCMP_A2(SCMP_CMP_EQ, 0)};
	/* isatty, and name resolution; another request types into the terminal. */
	const struct scmp_arg_cmp looks = SCMP_A1(SCMP_CMP_MASKED_EQ, INT_BITS, TCGETS);
	const struct scmp_arg_cmp counts = SCMP_A1(SCMP_CMP_MASKED_EQ, INT_BITS, FIONREAD);
	int result = allow(filter, allowed_calls, sizeof(allowed_calls) / sizeof(allowed_calls[0]));

	if (result == 0 && SANITIZED)
		result = allow(
		    filter, sanitizer_calls, sizeof(sanitizer_calls) / sizeof(sanitizer_calls[0]));
	if (result == 0 && !SANITIZED &&
	    (result = seccomp_rule_add_array(
		 filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread)) == 0)
		/* It hides its flags from a filter: as unknown, it makes libc take clone. */
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (result == 0)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own);
	if (result == 0)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &looks);
	if (result == 0)
		result =
		    seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &counts);
	if (result == 0)
		result = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, own_limits);
	return result;
}

/* A call that this machine does not have needs no rule. */
static int
allow(scmp_filter_ctx filter, const char *const *calls, size_t call_count)
{
	int result = 0;

	for (size_t i = 0; i < call_count && result == 0; i++) {
		const int number = seccomp_syscall_resolve_name(calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return result;
}
