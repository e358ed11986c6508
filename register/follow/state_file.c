#include "register/follow/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 64 /* bytes of a name and ".new" */

static enum err write_all(int fd, struct view content);

enum err
state_directory_open(int at, const char *path, int *fd)
{
	*fd = -1;
	if (mkdirat(at, path, 0700) != 0 && errno != EEXIST)
		return ERR_IO;
	*fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 ? ERR_OK : ERR_IO;
}

enum err
state_file_replace(int dir, const char *name, struct view content)
{
	char beside[NAME_SIZE];
	int fd, saved;
	enum err e;

	(void)snprintf(beside, sizeof(beside), "%s.new", name);
	if ((fd = openat(dir, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
		return ERR_IO;
	e = write_all(fd, content);
	if (e == ERR_OK && fsync(fd) != 0)
		e = ERR_IO;
	saved = errno;
	if (close(fd) != 0 && e == ERR_OK) {
		saved = errno;
		e = ERR_IO;
	}
	errno = saved;
	if (e == ERR_OK && renameat(dir, beside, dir, name) != 0)
		e = ERR_IO;
	if (e == ERR_OK && fsync(dir) != 0)
		e = ERR_IO;
	return e;
}

enum err
state_file_append(int dir, const char *name, struct view line)
{
	const int fd =
	    openat(dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err e = fd >= 0 ? write_all(fd, line) : ERR_IO;
	int saved;

	if (e == ERR_OK && (fsync(fd) != 0 || fsync(dir) != 0))
		e = ERR_IO;
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return e;
}

static enum err
write_all(int fd, struct view content)
{
	while (content.size > 0) {
		const ssize_t n = write(fd, content.data, content.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		content.data += n;
		content.size -= (size_t)n;
	}
	return ERR_OK;
}
