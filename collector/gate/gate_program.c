#include "collector/gate/gate_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

static bool open_at(struct gate_program *p, const char *path);
static bool take(struct gate_program *p, struct trouble *t);
static bool is_same(const struct stat *a, const struct stat *b);

bool
gate_program_open(struct gate_program *p, const char *name, struct trouble *t)
{
	const char *list = getenv("PATH");
	char path[PATH_MAX];
	bool found = strchr(name, '/') != NULL && open_at(p, name);

	if (list == NULL)
		list = PATH_DEFAULT;
	errno = strchr(name, '/') != NULL ? errno : ENOENT;
	while (!found && strchr(name, '/') == NULL && *list != '\0') {
		const size_t size = strcspn(list, ":");

		if (snprintf(path, sizeof(path), "%.*s/%s", (int)size, size > 0 ? list : ".",
			name) < (int)sizeof(path))
			found = access(path, X_OK) == 0 && open_at(p, path);
		list += size + (list[size] == ':');
	}
	if (!found) {
		(void)trouble_set(
		    t, ERR_NOT_FOUND, "%s, which would start: %s", name, strerror(errno));
		return false;
	}
	return take(p, t);
}

void
gate_program_close(struct gate_program *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

bool
gate_program_is_unchanged(const struct gate_program *p, struct trouble *t)
{
	struct stat now;

	if (p->fd < 0)
		return true;
	if (fstat(p->fd, &now) == 0 && is_same(&now, &p->stat) &&
	    (!p->leased || fcntl(p->fd, F_GETLEASE) == F_RDLCK))
		return true;
	(void)trouble_set(t, ERR_CHANGED,
	    "%s was changed, or opened to be changed, while it was judged", p->path);
	return false;
}

void
gate_program_run(const struct gate_program *p, char *const *command)
{
	struct stat now;

	(void)signal(SIGIO, SIG_DFL);
	if (p->fd < 0)
		(void)execvp(command[0], command);
	else if (!p->is_script)
		(void)syscall(SYS_execveat, p->fd, "", command, environ, AT_EMPTY_PATH);
	else if (stat(p->path, &now) == 0 && is_same(&now, &p->stat))
		(void)execve(p->path, command, environ);
	else
		errno = ESTALE;
}

static bool
open_at(struct gate_program *p, const char *path)
{
	p->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return p->fd >= 0;
}

/*
 * The lease is that of the open file, so that who measures it by the same one does not break it. It
 * is not given where somebody may write already; else only for want of a right, or of leases.
 */
static bool
take(struct gate_program *p, struct trouble *t)
{
	char link[32], begins[2];
	ssize_t size;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", p->fd);
	size = readlink(link, p->path, sizeof(p->path) - 1);
	p->path[size > 0 ? size : 0] = '\0';
	if (size <= 0 || fstat(p->fd, &p->stat) != 0 || !S_ISREG(p->stat.st_mode) ||
	    (p->stat.st_mode & 0111) == 0) {
		(void)trouble_set(t, ERR_FORMAT, "%s is no file that can be run", p->path);
		return false;
	}
	(void)signal(SIGIO, SIG_IGN);
	p->leased = fcntl(p->fd, F_SETLEASE, F_RDLCK) == 0;
	if (!p->leased && errno == EAGAIN) {
		(void)trouble_set(
		    t, ERR_CHANGED, "%s: somebody has it open to write to it", p->path);
		return false;
	}
	p->is_script = pread(p->fd, begins, 2, 0) == 2 && begins[0] == '#' && begins[1] == '!';
	return true;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	       memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}
