#include "collector/ground/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define READ_SIZE 4096 /* bytes: what /proc hands out at once */

static enum err read_file(int dir, const char *name, size_t size_max, bool is_made, struct buf *to);
static enum err error_of_errno(void);

enum err
small_file_read(int dir, const char *name, size_t size_max, struct buf *to)
{
	return read_file(dir, name, size_max, false, to);
}

enum err
small_file_read_made(int dir, const char *name, size_t size_max, struct buf *to)
{
	return read_file(dir, name, size_max, true, to);
}

static enum err
read_file(int dir, const char *name, size_t size_max, bool is_made, struct buf *to)
{
	const size_t begun = to->size;
	enum err e = ERR_OK;
	uint8_t *p;
	ssize_t got;
	int fd, reason;

	if ((fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0)
		return error_of_errno();
	for (;;) {
		if ((p = buf_reserve(to, READ_SIZE)) == NULL) {
			e = ERR_MEMORY;
			break;
		}
		if ((got = read(fd, p, READ_SIZE)) < 0 && errno == EINTR)
			continue;
		if (got < 0)
			e = error_of_errno();
		if (got <= 0)
			break;
		to->size += (size_t)got;
		if (to->size - begun > size_max) {
			e = ERR_FORMAT_SIZE;
			break;
		}
		if (is_made && got < READ_SIZE)
			break;
	}
	reason = errno;
	(void)close(fd);
	errno = reason;
	if (e != ERR_OK)
		to->size = begun;
	return e;
}

static enum err
error_of_errno(void)
{
	return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
}
