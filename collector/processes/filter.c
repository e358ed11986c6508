#include "collector/processes/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/memory/procmap.h"

/* As the kernel takes them: at most BPF_MAXINSNS, and one for knowing that there are no more. */
struct filter_made {
	uint16_t count;
	struct sock_filter steps[BPF_MAXINSNS + 1];
};

#define ROLE(role) (1U << (role))
#define STARTING   ROLE(FILTER_STARTING)
#define REPORTING  ROLE(FILTER_REPORTING)
#define GIVING     ROLE(FILTER_GIVING)
#define ACTING     ROLE(FILTER_ACTING)
#define FETCHING   ROLE(FILTER_FETCHING)
/* A measuring process has its starter's filter too: what it needs is in both. */
#define READING (STARTING | ROLE(FILTER_MEASURING))
#define ALL     (READING | REPORTING | GIVING | ACTING | FETCHING)

/* By what they are for; several names of one thing are what other libcs and machines call it. */
static const struct {
	unsigned roles;
	const char *calls[64];
} allowed[] = {
    /* reading files, and writing into what is open */
    {ALL, {"read", "pread64", "readv", "preadv", "preadv2", "write", "writev", "close",
	      "close_range", "lseek", "getdents64", "stat", "fstat", "lstat", "newfstatat", "statx",
	      "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	      "getcwd", "fadvise64"}},
    /* memory */
    {ALL, {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise"}},
    /* itself */
    {ALL, {"futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "membarrier",
	      "gettid", "exit", "exit_group", "restart_syscall", "sigaltstack", "arch_prctl",
	      "set_tid_address"}},
    /* signals, time and waiting */
    {ALL, {"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
	      "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday",
	      "time", "poll", "ppoll", "pause"}},
    /* what it asks about itself and the host */
    {ALL, {"getrandom", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
	      "getresgid", "getgroups", "uname", "sysinfo", "getrlimit", "getrusage", "capget",
	      "getcpu"}},
    /* what is measured is watched from then on: none is taken back, nor is anything heard */
    {STARTING, {"inotify_init1"}},
    {READING, {"inotify_add_watch"}},
    /* what else a file has, of one that is open */
    {READING, {"flistxattr", "fgetxattr"}},
    /* a process to look into, or of its own, that is gone */
    {READING, {"pidfd_open"}},
    /* whether the clock is kept; only who has a right that these have not can set it by this */
    {READING, {"adjtimex", "clock_adjtime"}},
    /* measuring processes and their channels; what they say goes by a socket that is there */
    {STARTING, {"wait4", "waitid", "kill", "sendmsg", "recvfrom", "dup2", "dup3", "seccomp"}},
    /* the state */
    {REPORTING,
	{"open", "openat", "fcntl", "pwrite64", "dup", "dup2", "dup3", "flock", "umask",
	    "copy_file_range", "sendfile", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
	    "rename", "renameat", "renameat2", "link", "linkat", "ftruncate", "fallocate", "fsync",
	    "fdatasync", "fchmod", "utimensat", "mlock", "munlock", "mincore"}},
    /* the network; name resolution sends several messages at once */
    {REPORTING | FETCHING,
	{"timerfd_create", "timerfd_settime", "eventfd2", "signalfd4", "select", "pselect6",
	    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "pipe", "pipe2",
	    "socketpair", "connect", "bind", "getsockname", "getpeername", "getsockopt",
	    "setsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
	    "shutdown"}},
    {FETCHING, {"fcntl", "dup", "mlock", "munlock"}},
    /* files of tokens, and whose they are */
    {GIVING, {"open", "openat", "fcntl", "umask", "unlink", "unlinkat", "rename", "renameat",
		 "renameat2", "fchmod", "fchown"}},
    /* who reports, and processes that ask; these are pinned */
    {GIVING, {"bind", "listen", "accept4", "getsockopt", "setsockopt", "sendto", "sendmsg",
		 "recvfrom", "recvmsg", "pidfd_open"}},
    /* receipts and grants, and what is remembered */
    {ACTING,
	{"open", "openat", "fcntl", "umask", "unlink", "unlinkat", "rename", "renameat",
	    "renameat2", "fchmod", "fsync", "fdatasync", "pwrite64", "ftruncate", "fallocate"}},
    /* who reports, and who does it */
    {ACTING, {"sendto", "sendmsg", "recvfrom", "recvmsg"}},
    /* the status socket, which was made before */
    {REPORTING, {"accept4"}},
};

#define WRITES   (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)
#define INT_BITS UINT32_MAX /* the kernel takes these bits, whatever stands above them */
#define NO_OTHERS                                                                                  \
	(CLONE_VM | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |  \
	    CLONE_NEWPID | CLONE_NEWNET)

/* As glibc makes a thread: all is shared, and nothing is new but that. */
#define A_THREAD                                                                                   \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |        \
	    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* Allowed only where the argument, under the mask, has the value. */
static const struct {
	unsigned roles;
	const char *call;
	unsigned argument;
	scmp_datum_t mask, value;
} conditions[] = {
    {READING | FETCHING, "open", 1, WRITES, 0},
    {READING | FETCHING, "openat", 2, WRITES, 0},
    {READING, "fcntl", 1, INT_BITS, F_GETFD},
    {READING, "fcntl", 1, INT_BITS, F_SETFD},
    {READING, "fcntl", 1, INT_BITS, F_GETFL},
    {READING, "fcntl", 1, INT_BITS, F_DUPFD_CLOEXEC},
    /* isatty, and name resolution; another request types into the terminal */
    {ALL, "ioctl", 1, INT_BITS, TCGETS},
    {ALL, "ioctl", 1, INT_BITS, FIONREAD},
    /* whose a namespace is */
    {READING, "ioctl", 1, INT_BITS, NS_GET_USERNS},
    /* what a process has mapped, of its open maps */
    {READING, "ioctl", 1, INT_BITS, PROCMAP_REQUEST},
    /* the digest by which the kernel checks a file */
    {READING, "ioctl", 1, INT_BITS, FS_IOC_MEASURE_VERITY},
    /* whether a file of an overlay is on a disk */
    {READING, "ioctl", 1, INT_BITS, FS_IOC_FIEMAP},
    {REPORTING | GIVING, "socket", 0, INT_BITS, AF_UNIX},
    {REPORTING | FETCHING, "socket", 0, INT_BITS, AF_INET},
    {REPORTING | FETCHING, "socket", 0, INT_BITS, AF_INET6},
    /* threads of its own */
    {REPORTING | FETCHING, "clone", 0, CLONE_THREAD, CLONE_THREAD},
    {READING, "clone", 0, UINT64_MAX, A_THREAD},
    /* a process like this one, in the same namespaces */
    {STARTING, "clone", 0, NO_OTHERS, 0},
    {STARTING, "socketpair", 0, INT_BITS, AF_UNIX},
    {STARTING, "prctl", 0, INT_BITS, PR_SET_NAME},
    {STARTING, "prctl", 0, INT_BITS, PR_SET_PDEATHSIG},
    {STARTING, "prctl", 0, INT_BITS, PR_SET_NO_NEW_PRIVS},
};

/* They are tried first, and what they are asked for stands in memory. */
static const char *const unknown_calls[] = {"clone3", "openat2"};

/* AddressSanitizer looks for leaks from a process of its own. */
static const char *const sanitizer_calls[] = {
    "clone", "clone3", "ptrace", "wait4", "getdents", "prctl", "personality"};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int hide_calls(void);
static int allow_listed(enum filter_role role);
static int take_program(scmp_filter_ctx filter, struct filter_made *to);
static int add_listed(scmp_filter_ctx filter, enum filter_role role, bool for_others);
static int add(scmp_filter_ctx filter, uint32_t action, const char *const *calls, size_t most);
static int add_if(scmp_filter_ctx filter, const char *call, struct scmp_arg_cmp condition);
static int load(scmp_filter_ctx filter, int result);

enum err
filter_enter(enum filter_role role, struct trouble *t)
{
	int result = SANITIZED ? 0 : hide_calls();

	if (result == 0)
		result = allow_listed(role);
	if (result == 0)
		return ERR_OK;
	return trouble_set(
	    t, ERR_IO, "the system call filter cannot be loaded: %s", strerror(-result));
}

enum err
filter_make(struct filter_made **out, struct trouble *t)
{
	struct filter_made *f = malloc(sizeof(*f));
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = f != NULL ? add_listed(filter, FILTER_MEASURING, true) : -ENOMEM;

	*out = NULL;
	if (result == 0)
		result = take_program(filter, f);
	seccomp_release(filter);
	if (result == 0) {
		*out = f;
		return ERR_OK;
	}
	free(f);
	return trouble_set(
	    t, ERR_IO, "the system call filter cannot be made: %s", strerror(-result));
}

/* What libseccomp writes into a file. */
static int
take_program(scmp_filter_ctx filter, struct filter_made *to)
{
	const int file = memfd_create("filter", MFD_CLOEXEC);
	int result = file >= 0 ? seccomp_export_bpf(filter, file) : -errno;
	ssize_t size;

	if (result == 0) {
		size = pread(file, to->steps, sizeof(to->steps), 0);
		if (size <= 0 || (size_t)size == sizeof(to->steps))
			result = size < 0 ? -errno : -EFBIG;
		else
			to->count = (uint16_t)((size_t)size / sizeof(to->steps[0]));
	}
	if (file >= 0)
		(void)close(file);
	return result;
}

enum err
filter_enter_made(const struct filter_made *f, struct trouble *t)
{
	const struct sock_fprog program = {f->count, (struct sock_filter *)(uintptr_t)f->steps};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) == 0)
		return ERR_OK;
	return trouble_set(
	    t, ERR_IO, "the system call filter cannot be loaded: %s", strerror(errno));
}

/* A filter of its own, because one says of all that it refuses, or of none. */
static int
hide_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return load(
	    filter, add(filter, SCMP_ACT_ERRNO(ENOSYS), unknown_calls, COUNT(unknown_calls)));
}

static int
allow_listed(enum filter_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = add_listed(filter, role, false);

	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	return load(filter, result);
}

static int
add_listed(scmp_filter_ctx filter, enum filter_role role, bool for_others)
{
	/* Itself alone: abort, and what it may use of memory and files. */
	const struct scmp_arg_cmp own_limits[] = {
	    SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, 0), SCMP_A2(SCMP_CMP_EQ, 0)};
	/* And, of a process that is to measure, before it is one. */
	const struct scmp_arg_cmp own_memory[] = {SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, 0),
	    SCMP_A1(SCMP_CMP_MASKED_EQ, INT_BITS, RLIMIT_DATA)};
	/* By which a measuring process asks what listens; whoever may not do more can only ask. */
	const struct scmp_arg_cmp questions[] = {SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, AF_NETLINK),
	    SCMP_A2(SCMP_CMP_MASKED_EQ, INT_BITS, NETLINK_SOCK_DIAG)};
	/* By which name resolution asks which addresses this host has itself. */
	const struct scmp_arg_cmp routes[] = {SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, AF_NETLINK),
	    SCMP_A2(SCMP_CMP_MASKED_EQ, INT_BITS, NETLINK_ROUTE)};
	int result = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; result == 0 && i < COUNT(allowed); i++)
		if ((allowed[i].roles & ROLE(role)) != 0)
			result =
			    add(filter, SCMP_ACT_ALLOW, allowed[i].calls, COUNT(allowed[i].calls));
	for (size_t i = 0; result == 0 && i < COUNT(conditions); i++)
		if ((conditions[i].roles & ROLE(role)) != 0)
			result = add_if(filter, conditions[i].call,
			    SCMP_CMP(conditions[i].argument, SCMP_CMP_MASKED_EQ, conditions[i].mask,
				conditions[i].value));
	if (result == 0 && !for_others)
		result = add_if(filter, "tgkill",
		    SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, (scmp_datum_t)getpid()));
	if (result == 0)
		result = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, own_limits);
	if (result == 0 && role == FILTER_STARTING)
		result = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, own_memory);
	if (result == 0 && role == FILTER_STARTING)
		result =
		    seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, questions);
	if (result == 0 && (role == FILTER_REPORTING || role == FILTER_FETCHING))
		result =
		    seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, routes);
	if (result == 0)
		result = SANITIZED
			     ? add(filter, SCMP_ACT_ALLOW, sanitizer_calls, COUNT(sanitizer_calls))
			     : add(filter, SCMP_ACT_ALLOW, unknown_calls, COUNT(unknown_calls));
	return result;
}

/* Up to the first that is NULL. A call that this machine does not have needs no rule. */
static int
add(scmp_filter_ctx filter, uint32_t action, const char *const *calls, size_t most)
{
	int result = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < most && calls[i] != NULL && result == 0; i++) {
		const int number = seccomp_syscall_resolve_name(calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, action, number, 0);
	}
	return result;
}

static int
add_if(scmp_filter_ctx filter, const char *call, struct scmp_arg_cmp condition)
{
	const int number = seccomp_syscall_resolve_name(call);

	return number == __NR_SCMP_ERROR
		   ? 0
		   : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &condition);
}

/* Frees it in any case. */
static int
load(scmp_filter_ctx filter, int result)
{
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}
