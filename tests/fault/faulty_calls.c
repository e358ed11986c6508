/*
 * Preloaded into the signer and its key process: one call, chosen by the test, is done (wholly or
 * by half) and then reported as failed, or ends the process, or is held until the test lets it go.
 * strace can make a call fail, but not one that has been done.
 *
 * The test writes what is to happen into the file that HALLMARK_FAULTY_CALLS names, which all
 * processes of the signer share; `hits` tells it that it has happened, or is held. What is held
 * waits for the lock of that file, which the test has until it lets go, or ends.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault {
	FAULT_NONE,
	FAULT_PERSISTED, /* done, and reported as failed */
	FAULT_TORN,      /* half of it written, and reported as failed */
	FAULT_KILLED,    /* done, and the process is gone */
	FAULT_HELD,      /* done when the test lets go; reported as failed if there is an errno */
};

/* The shared file. tests/lib/underfire.py has the same layout. */
struct control {
	_Atomic uint32_t fault;
	_Atomic uint32_t countdown; /* matching calls until it happens; then it is over */
	int32_t number;             /* errno; 0: what was held goes well */
	_Atomic uint32_t hits;
	char call[16];
	char path[240]; /* matches as a part of the file's path */
};

static struct control *control;

static void __attribute__((constructor)) control_map(void)
{
	const char *name = getenv("HALLMARK_FAULTY_CALLS");
	int fd = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		control = NULL;
	close(fd);
}

#define REAL(name) ((__typeof__(&name))real(#name))

static void *
real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

/* Opened anew, because a key process closes what it did not open itself. */
static void
hold(void)
{
	int fd = REAL(open)(getenv("HALLMARK_FAULTY_CALLS"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		abort();
	while (flock(fd, LOCK_SH) != 0)
		if (errno != EINTR)
			abort();
	(void)REAL(close)(fd);
}

/* What is to happen to this call now. */
static enum fault
fault_of_path(const char *call, const char *path)
{
	uint32_t fault;

	if (control == NULL || (fault = atomic_load(&control->fault)) == FAULT_NONE ||
	    strcmp(control->call, call) != 0 || strstr(path, control->path) == NULL ||
	    atomic_fetch_sub(&control->countdown, 1) != 1)
		return FAULT_NONE;
	atomic_store(&control->fault, FAULT_NONE);
	atomic_fetch_add(&control->hits, 1);
	if (fault == FAULT_HELD)
		hold();
	return (enum fault)fault;
}

static enum fault
fault_of_fd(const char *call, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t size;

	if (control == NULL || atomic_load(&control->fault) == FAULT_NONE)
		return FAULT_NONE;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((size = readlink(link, path, sizeof(path) - 1)) < 0)
		return FAULT_NONE;
	path[size] = '\0';
	return fault_of_path(call, path);
}

/* The result of a call that has been done. */
static long
outcome(enum fault f, long result)
{
	if (f == FAULT_KILLED)
		kill(getpid(), SIGKILL);
	if (f == FAULT_NONE || result < 0 || control->number == 0)
		return result;
	errno = control->number;
	return -1;
}

static size_t
size_under(enum fault f, size_t size)
{
	return f == FAULT_TORN ? size / 2 : size;
}

/* What is opened and then denied is closed again: nobody else could. */
static int
opened(const char *path, int fd)
{
	enum fault f = fd < 0 ? FAULT_NONE : fault_of_path("open", path);
	int result = (int)outcome(f, fd);

	if (f != FAULT_NONE)
		(void)REAL(close)(fd);
	return result;
}

static mode_t
mode_of(int flags, va_list arguments)
{
	return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return opened(path, REAL(open)(path, flags, mode));
}

int
open64(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return opened(path, REAL(open64)(path, flags, mode));
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
	enum fault f = fault_of_fd("write", fd);

	return outcome(f, REAL(write)(fd, bytes, size_under(f, size)));
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	enum fault f = fault_of_fd("pwrite64", fd);

	return outcome(f, REAL(pwrite)(fd, bytes, size_under(f, size), at));
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
	enum fault f = fault_of_fd("pwrite64", fd);

	return outcome(f, REAL(pwrite64)(fd, bytes, size_under(f, size), at));
}

/* Half of them all: whole parts, then half of what is left in one. */
static ssize_t
writev_half(int fd, const struct iovec *part, int count)
{
	size_t half = 0, done = 0;

	for (int i = 0; i < count; i++)
		half += part[i].iov_len;
	half /= 2;
	for (int i = 0; i < count && done < half; i++) {
		size_t size = part[i].iov_len < half - done ? part[i].iov_len : half - done;

		if (REAL(write)(fd, part[i].iov_base, size) != (ssize_t)size)
			abort(); /* the disk has a fault of its own */
		done += size;
	}
	return (ssize_t)done;
}

ssize_t
writev(int fd, const struct iovec *part, int count)
{
	enum fault f = fault_of_fd("writev", fd);

	return outcome(
	    f, f == FAULT_TORN ? writev_half(fd, part, count) : REAL(writev)(fd, part, count));
}

int
rename(const char *old, const char *new)
{
	enum fault f = fault_of_path("rename", new);

	return (int)outcome(f, REAL(rename)(old, new));
}

int
fsync(int fd)
{
	enum fault f = fault_of_fd("fsync", fd);

	return (int)outcome(f, REAL(fsync)(fd));
}

int
fdatasync(int fd)
{
	enum fault f = fault_of_fd("fdatasync", fd);

	return (int)outcome(f, REAL(fdatasync)(fd));
}

int
syncfs(int fd)
{
	enum fault f = fault_of_fd("syncfs", fd);

	return (int)outcome(f, REAL(syncfs)(fd));
}

int
ftruncate(int fd, off_t size)
{
	enum fault f = fault_of_fd("ftruncate", fd);

	return (int)outcome(f, REAL(ftruncate)(fd, size));
}

int
ftruncate64(int fd, off64_t size)
{
	enum fault f = fault_of_fd("ftruncate", fd);

	return (int)outcome(f, REAL(ftruncate64)(fd, size));
}

int
mkdir(const char *path, mode_t mode)
{
	enum fault f = fault_of_path("mkdir", path);

	return (int)outcome(f, REAL(mkdir)(path, mode));
}

int
unlink(const char *path)
{
	enum fault f = fault_of_path("unlink", path);

	return (int)outcome(f, REAL(unlink)(path));
}

int
close(int fd)
{
	enum fault f = fault_of_fd("close", fd);

	return (int)outcome(f, REAL(close)(fd));
}
