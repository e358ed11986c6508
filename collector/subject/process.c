#include "collector/subject/process.h"
#include "collector/subject/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum err read_identity(const struct process *p, struct process_identity *out);

enum err
process_open(pid_t pid, struct process *out, struct trouble *t)
{
	char path[32];
	enum err e;

	memset(out, 0, sizeof(*out));
	out->pid = pid;
	out->dir = out->first = out->pidfd = -1;
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if ((out->first = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return trouble_set(t, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "process %d: %s",
		    (int)pid, errno == ENOENT ? "there is none" : strerror(errno));
	out->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if ((e = threads_open_living(out->first, &out->dir)) == ERR_OK &&
	    (e = read_identity(out, &out->identity)) == ERR_OK)
		return ERR_OK;
	if (e == ERR_IO)
		(void)trouble_set(t, e,
		    "process %d: its program cannot be looked at (%s); run the collector as root "
		    "or "
		    "with CAP_SYS_PTRACE",
		    (int)pid, strerror(errno));
	else
		(void)trouble_set(t, e, "process %d: it has ended, or runs no program", (int)pid);
	process_close(out);
	return e;
}

enum err
process_check(const struct process *p)
{
	struct process_identity now;
	struct pollfd ended = {p->pidfd, POLLIN, 0};

	if (p->pidfd >= 0 && poll(&ended, 1, 0) != 0)
		return ERR_CHANGED;
	if (read_identity(p, &now) != ERR_OK)
		return ERR_CHANGED;
	if (now.stat.start_ticks != p->identity.stat.start_ticks ||
	    now.stat.start_code != p->identity.stat.start_code ||
	    now.stat.start_stack != p->identity.stat.start_stack ||
	    now.program_device != p->identity.program_device ||
	    now.program_inode != p->identity.program_inode)
		return ERR_CHANGED;
	return ERR_OK;
}

void
process_close(struct process *p)
{
	if (p->dir >= 0)
		(void)close(p->dir);
	if (p->first >= 0)
		(void)close(p->first);
	if (p->pidfd >= 0)
		(void)close(p->pidfd);
	p->dir = p->first = p->pidfd = -1;
}

/* The time is the first thread's, the memory that of one which still has it. */
static enum err
read_identity(const struct process *p, struct process_identity *out)
{
	struct procfs_stat of_first;
	struct stat program;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = procfs_read_stat(p->dir, &out->stat)) != ERR_OK)
		return e;
	if (out->stat.pid != p->pid) {
		if ((e = procfs_read_stat(p->first, &of_first)) != ERR_OK)
			return e;
		out->stat.start_ticks = of_first.start_ticks;
	}
	if (fstatat(p->dir, "exe", &program, 0) != 0)
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	out->program_device = program.st_dev;
	out->program_inode = program.st_ino;
	return ERR_OK;
}
