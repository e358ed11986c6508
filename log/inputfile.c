#include "log/inputfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t read_some(int fd, uint8_t *to, size_t size);

enum err
inputfile_read(int dir, const char *path, size_t size_max, struct buf *to)
{
	const size_t before = to->size;
	uint64_t size;
	uint8_t *room;
	ssize_t got = 1;
	enum err e;
	int fd, reason;

	if ((e = inputfile_open(dir, path, &fd, &size)) != ERR_OK)
		return e;
	/* One byte more than the size, so that the end is seen; it may grow while it is read. */
	while (e == ERR_OK && got > 0) {
		size_t had = to->size - before;
		size_t wanted = size >= had ? (size_t)(size - had) + 1 : 4096;

		if (size > size_max || had > size_max)
			e = ERR_FORMAT_SIZE;
		else if ((room = buf_reserve(to, wanted)) == NULL)
			e = ERR_MEMORY;
		else if ((got = read_some(fd, room, wanted)) < 0)
			e = ERR_IO;
		else
			to->size += (size_t)got;
	}
	reason = errno;
	close(fd);
	errno = reason;
	if (e != ERR_OK)
		to->size = before;
	return e;
}

enum err
inputfile_open(int dir, const char *path, int *fd, uint64_t *size)
{
	struct stat st;
	int reason;

	*fd = -1;
	*size = 0;
	/* What is no file is not opened either: with some devices that alone does something. */
	if (fstatat(dir, path, &st, 0) != 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	if (!S_ISREG(st.st_mode))
		return ERR_UNSUPPORTED;
	*fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		return ERR_OK;
	}
	reason = errno;
	close(*fd);
	*fd = -1;
	errno = reason;
	return ERR_UNSUPPORTED;
}

enum err
inputfile_read_at(int fd, uint64_t offset, size_t size, struct buf *to)
{
	uint8_t *room = buf_reserve(to, size);
	size_t done = 0;

	if (room == NULL)
		return ERR_MEMORY;
	while (done < size) {
		ssize_t got = pread(fd, room + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			return ERR_FORMAT_SIZE;
		done += (size_t)got;
	}
	to->size += size;
	return ERR_OK;
}

const char *
inputfile_reason(enum err e)
{
	switch (e) {
	case ERR_NOT_FOUND:
		return "there is no such file";
	case ERR_UNSUPPORTED:
		return "it is not a regular file";
	case ERR_FORMAT_SIZE:
		return "it is larger than any valid file of its kind";
	case ERR_IO:
		/* Who is used to root's rights is told that they are given up. */
		if (errno == EACCES && geteuid() == 0)
			return "permission denied: root's rights are given up before anything is "
			       "read; run this as a user who may read it";
		return strerror(errno);
	default:
		return err_text(e);
	}
}

static ssize_t
read_some(int fd, uint8_t *to, size_t size)
{
	ssize_t got;

	do
		got = read(fd, to, size);
	while (got < 0 && errno == EINTR);
	return got;
}
