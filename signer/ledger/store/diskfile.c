#include "signer/ledger/store/diskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/logger.h"

#define AGAIN_SIZE (1024UL * 1024) /* bytes held at once by diskfile_write_again */

/* A FIFO where a file should be fails the first call on it; without O_NONBLOCK its open waits. */
#define FILE_FLAGS (O_CLOEXEC | O_NONBLOCK)

static enum err no_file(const char *path);
static int open_new(const char *path);
static enum err open_made(const char *path, int flags, int *fd);
static enum err write_all(int fd, const char *path, struct view bytes);
static enum err write_parts(int fd, const char *path, const struct iovec *part, size_t parts);
static enum err make_one_directory(const char *path);

enum err
diskfile_make_directory(const char *path)
{
	char partial[PATH_MAX];
	size_t size = strlen(path);
	enum err e = ERR_OK;

	if (size >= sizeof(partial))
		return ERR_IO;
	memcpy(partial, path, size + 1);
	for (size_t i = 1; i < size && e == ERR_OK; i++) {
		if (partial[i] != '/')
			continue;
		partial[i] = '\0';
		e = make_one_directory(partial);
		partial[i] = '/';
	}
	return e == ERR_OK ? make_one_directory(path) : e;
}

enum err
diskfile_lock_directory(const char *path, int *fd)
{
	enum err e;

	*fd = -1;
	if ((e = diskfile_make_directory(path)) != ERR_OK ||
	    (e = diskfile_open_directory(path, fd)) != ERR_OK || flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return e;
	e = ERR_IO;
	if (errno == EWOULDBLOCK)
		logger_say(LOGGER_ERROR, "log-locked",
		    "%s is in use by another signer; stop that one first", path);
	else
		e = diskfile_failed("flock", path);
	close(*fd);
	*fd = -1;
	return e;
}

enum err
diskfile_write(const char *path, const struct iovec *part, size_t parts, int *fd)
{
	char copy[PATH_MAX];
	enum err e;

	*fd = open_new(path);
	if (*fd < 0 && errno == ENOENT) {
		snprintf(copy, sizeof(copy), "%s", path);
		if ((e = diskfile_make_directory(dirname(copy))) != ERR_OK)
			return e;
		*fd = open_new(path);
	}
	if (*fd < 0)
		return diskfile_failed("open", path);
	return write_parts(*fd, path, part, parts);
}

enum err
diskfile_close_cold(int fd, const char *path)
{
	/* Advice, no more: that it is not taken is no failure. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return close(fd) == 0 ? ERR_OK : diskfile_failed("close", path);
}

enum err
diskfile_open_directory(const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 ? ERR_OK : diskfile_failed("open", path);
}

enum err
diskfile_sync_all(int fd, const char *path)
{
	return syncfs(fd) == 0 ? ERR_OK : diskfile_failed("syncfs", path);
}

enum err
diskfile_open_append(const char *path, int *fd)
{
	return open_made(path, O_APPEND, fd);
}

enum err
diskfile_open_in_place(const char *path, int *fd)
{
	*fd = open(path, O_WRONLY | FILE_FLAGS);
	return *fd >= 0 ? ERR_OK : open_made(path, 0, fd);
}

static enum err
open_made(const char *path, int flags, int *fd)
{
	char copy[PATH_MAX];

	*fd = open(path, O_WRONLY | O_CREAT | FILE_FLAGS | flags, 0644);
	if (*fd < 0)
		return diskfile_failed("open", path);
	snprintf(copy, sizeof(copy), "%s", path);
	if (diskfile_sync_directory(dirname(copy)) != ERR_OK) {
		close(*fd);
		*fd = -1;
		return ERR_IO;
	}
	return ERR_OK;
}

enum err
diskfile_append(int fd, const char *path, struct view bytes)
{
	enum err e = write_all(fd, path, bytes);

	if (e == ERR_OK && fdatasync(fd) != 0)
		e = diskfile_failed("fdatasync", path);
	return e;
}

enum err
diskfile_write_at(int fd, const char *path, uint64_t offset, struct view bytes)
{
	while (bytes.size > 0) {
		ssize_t written = pwrite(fd, bytes.data, bytes.size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return diskfile_failed("pwrite", path);
		bytes.data += written;
		bytes.size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return fdatasync(fd) == 0 ? ERR_OK : diskfile_failed("fdatasync", path);
}

enum err
diskfile_replace(const char *path, struct view bytes)
{
	char temporary[PATH_MAX];
	enum err e;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return ERR_IO;
	fd = open_new(temporary);
	if (fd < 0)
		return diskfile_failed("open", temporary);
	e = write_all(fd, temporary, bytes);
	if (e == ERR_OK && fsync(fd) != 0)
		e = diskfile_failed("fsync", temporary);
	if (close(fd) != 0 && e == ERR_OK)
		e = diskfile_failed("close", temporary);
	if (e == ERR_OK && rename(temporary, path) != 0)
		e = diskfile_failed("rename", path);
	return e;
}

enum err
diskfile_sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = ERR_OK;

	if (fd < 0)
		return diskfile_failed("open", path);
	if (fsync(fd) != 0)
		e = diskfile_failed("fsync", path);
	if (close(fd) != 0 && e == ERR_OK)
		e = diskfile_failed("close", path);
	return e;
}

enum err
diskfile_read(const char *path, size_t size_max, struct buf *to)
{
	struct stat st;
	enum err e;
	int fd;

	if ((e = diskfile_open_to_read(path, &fd)) != ERR_OK)
		return e;
	if (fstat(fd, &st) != 0)
		e = diskfile_failed("fstat", path);
	else if (!S_ISREG(st.st_mode))
		e = no_file(path);
	else if ((uint64_t)st.st_size > size_max)
		e = ERR_FORMAT_SIZE;
	else
		e = diskfile_read_open(fd, path, 0, (size_t)st.st_size, to);
	close(fd);
	return e;
}

enum err
diskfile_read_at(const char *path, uint64_t offset, size_t size, struct buf *to)
{
	enum err e;
	int fd;

	if ((e = diskfile_open_to_read(path, &fd)) != ERR_OK)
		return e;
	e = diskfile_read_open(fd, path, offset, size, to);
	close(fd);
	return e;
}

enum err
diskfile_open_to_read(const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | FILE_FLAGS);
	if (*fd >= 0)
		return ERR_OK;
	return errno == ENOENT ? ERR_NOT_FOUND : diskfile_failed("open", path);
}

enum err
diskfile_read_open(int fd, const char *path, uint64_t offset, size_t size, struct buf *to)
{
	size_t done = 0;
	uint8_t *room = buf_reserve(to, size);

	if (room == NULL)
		return ERR_MEMORY;
	while (done < size) {
		ssize_t got = pread(fd, room + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return diskfile_failed("pread", path);
		if (got == 0)
			return ERR_FORMAT_SIZE;
		done += (size_t)got;
	}
	to->size += size;
	return ERR_OK;
}

enum err
diskfile_size(const char *path, uint64_t *size)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return diskfile_failed("stat", path);
	*size = (uint64_t)st.st_size;
	return ERR_OK;
}

enum err
diskfile_truncate(const char *path, uint64_t size)
{
	int fd = open(path, O_WRONLY | FILE_FLAGS);
	enum err e = ERR_OK;

	if (fd < 0)
		return diskfile_failed("open", path);
	if (ftruncate(fd, (off_t)size) != 0)
		e = diskfile_failed("ftruncate", path);
	else if (fsync(fd) != 0)
		e = diskfile_failed("fsync", path);
	if (close(fd) != 0 && e == ERR_OK)
		e = diskfile_failed("close", path);
	return e;
}

enum err
diskfile_write_again(const char *path, uint64_t offset, uint64_t end)
{
	struct buf bytes = BUF_INIT;
	int fd = open(path, O_RDWR | FILE_FLAGS);
	enum err e = ERR_OK;

	if (fd < 0)
		return diskfile_failed("open", path);
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		e = diskfile_failed("lseek", path);
	while (e == ERR_OK && offset < end) {
		size_t size = end - offset < AGAIN_SIZE ? (size_t)(end - offset) : AGAIN_SIZE;

		buf_clear(&bytes);
		if ((e = diskfile_read_open(fd, path, offset, size, &bytes)) == ERR_OK)
			e = write_all(fd, path, buf_view(&bytes));
		offset += size;
	}
	if (e == ERR_OK && fdatasync(fd) != 0)
		e = diskfile_failed("fdatasync", path);
	if (close(fd) != 0 && e == ERR_OK)
		e = diskfile_failed("close", path);
	buf_free(&bytes);
	return e;
}

enum err
diskfile_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? ERR_OK : diskfile_failed("unlink", path);
}

char *
diskfile_join(const char *directory, const char *name)
{
	char *joined;

	if (asprintf(&joined, "%s/%s", directory, name) < 0)
		abort();
	return joined;
}

enum err
diskfile_failed(const char *call, const char *path)
{
	struct logline l;
	int number = errno;

	logline_begin(&l, LOGGER_ERROR, "file-failed");
	logline_string(&l, "call", call);
	logline_string(&l, "path", path);
	logline_errno(&l, number);
	logline_end(&l);
	return ERR_IO;
}

static enum err
no_file(const char *path)
{
	struct logline l;

	logline_begin(&l, LOGGER_ERROR, "file-failed");
	logline_string(&l, "path", path);
	logline_string(
	    &l, "text", "expected a regular file, found something else of this name; move it away");
	logline_end(&l);
	return ERR_IO;
}

static enum err
write_all(int fd, const char *path, struct view bytes)
{
	while (bytes.size > 0) {
		ssize_t written = write(fd, bytes.data, bytes.size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return diskfile_failed("write", path);
		bytes.data += written;
		bytes.size -= (size_t)written;
	}
	return ERR_OK;
}

static int
open_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | FILE_FLAGS, 0644);
}

/* One call takes them all; of what it did not take, one after the other is written. */
static enum err
write_parts(int fd, const char *path, const struct iovec *part, size_t parts)
{
	ssize_t written;
	enum err e = ERR_OK;

	do
		written = writev(fd, part, (int)parts);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return diskfile_failed("writev", path);
	for (size_t done = (size_t)written; parts > 0 && e == ERR_OK; part++, parts--) {
		size_t taken = done < part->iov_len ? done : part->iov_len;
		struct view rest = {(const uint8_t *)part->iov_base + taken, part->iov_len - taken};

		done -= taken;
		e = write_all(fd, path, rest);
	}
	return e;
}

static enum err
make_one_directory(const char *path)
{
	char copy[PATH_MAX];

	if (mkdir(path, 0755) != 0)
		return errno == EEXIST ? ERR_OK : diskfile_failed("mkdir", path);
	snprintf(copy, sizeof(copy), "%s", path);
	return diskfile_sync_directory(dirname(copy));
}
