#include "collector/subject/host_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/ground/rooted.h"

static void name_of(int root, int fd, char *resolved, size_t size);
static bool link_text(int fd, char text[PATH_MAX]);

enum err
host_root_open(const char *host_root, int *out, struct trouble *t)
{
	const char *path = host_root != NULL ? host_root : "/";

	*out = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 ? ERR_OK
			 : trouble_set(t, ERR_IO, "the host's root directory %s: %s", path,
			       strerror(errno));
}

enum err
host_root_find(int root, const char *path, struct stat *s, char *resolved, size_t size)
{
	enum err e;
	int fd;

	resolved[0] = '\0';
	if ((e = rooted_open(root, path, O_PATH, &fd)) != ERR_OK)
		return e;
	if (fstat(fd, s) != 0)
		e = ERR_IO;
	else
		name_of(root, fd, resolved, size);
	(void)close(fd);
	return e;
}

/*
 * The root directory of a process may lie on a file system of its user's making, which does not
 * answer: nobody is asked what a file system knows by itself.
 */
bool
host_root_is_of(int root, int dir)
{
	struct stat own;
	struct statx process;

	return fstat(root, &own) == 0 &&
	       statx(dir, "root", AT_STATX_DONT_SYNC, STATX_INO, &process) == 0 &&
	       own.st_dev == makedev(process.stx_dev_major, process.stx_dev_minor) &&
	       own.st_ino == process.stx_ino;
}

/* What the kernel calls it, without what it calls the root. */
static void
name_of(int root, int fd, char *resolved, size_t size)
{
	char top[PATH_MAX], text[PATH_MAX];
	size_t skip;

	if (!link_text(root, top) || !link_text(fd, text))
		return;
	skip = strcmp(top, "/") == 0 ? 0 : strlen(top);
	if (strncmp(text, top, skip) == 0 && text[skip] == '/' && strlen(text + skip) < size)
		memcpy(resolved, text + skip, strlen(text + skip) + 1);
}

static bool
link_text(int fd, char text[PATH_MAX])
{
	char name[32];
	ssize_t got;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	got = readlink(name, text, PATH_MAX);
	if (got <= 0 || got == PATH_MAX)
		return false;
	text[got] = '\0';
	return true;
}
