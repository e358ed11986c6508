#include "collector/store/savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/small_file.h"

#define NAME_SIZE 256 /* bytes with NUL: NAME_MAX of Linux */
#define BESIDE    ".new"

static enum err write_beside(
    int dir, const char *name, struct view bytes, char beside[NAME_SIZE], struct trouble *t);
static void reserve(int dir, const char *name, struct view bytes);
static enum err finish(
    int dir, const char *name, const char *beside, enum err e, struct trouble *t);
static enum err fail(struct trouble *t, const char *name, const char *what);

enum err
savefile_write(int dir, const char *name, struct view bytes, struct trouble *t)
{
	char beside[NAME_SIZE];
	enum err e = write_beside(dir, name, bytes, beside, t);

	if (e == ERR_OK && renameat(dir, beside, dir, name) != 0)
		e = fail(t, name, "cannot be renamed into place");
	return finish(dir, name, beside, e, t);
}

enum err
savefile_rewrite(int dir, const char *name, struct view bytes, struct trouble *t)
{
	char beside[NAME_SIZE];
	enum err e = write_beside(dir, name, bytes, beside, t);
	bool is_first;

	/* Not where there is none so far, nor on every file system. */
	if (e == ERR_OK && renameat2(dir, beside, dir, name, RENAME_EXCHANGE) != 0) {
		is_first = errno == ENOENT;
		if (renameat(dir, beside, dir, name) != 0)
			e = fail(t, name, "cannot be renamed into place");
		else if (is_first)
			reserve(dir, name, bytes);
	}
	return finish(dir, name, beside, e, t);
}

/* Room for the next content, while there is some. Where there is none, nothing is lost by that. */
static void
reserve(int dir, const char *name, struct view bytes)
{
	struct trouble t = TROUBLE_INIT;
	char beside[NAME_SIZE];

	if (write_beside(dir, name, bytes, beside, &t) != ERR_OK)
		(void)unlinkat(dir, beside, 0);
}

/* Durably; what is behind the bytes of a file that was there is cut off. */
static enum err
write_beside(
    int dir, const char *name, struct view bytes, char beside[NAME_SIZE], struct trouble *t)
{
	enum err e = ERR_OK;
	struct stat s;
	int fd;

	if (snprintf(beside, NAME_SIZE, ".%s" BESIDE, name) >= NAME_SIZE)
		return trouble_set(t, ERR_IO, "%s: the name is too long", name);
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(t, name, "cannot be created");
	if (savefile_write_at(fd, bytes, 0) != ERR_OK || fstat(fd, &s) != 0 ||
	    ((uint64_t)s.st_size != bytes.size && ftruncate(fd, (off_t)bytes.size) != 0))
		e = fail(t, name, "cannot be written");
	else if (fsync(fd) != 0)
		e = fail(t, name, "cannot be synced");
	if (close(fd) != 0 && e == ERR_OK)
		e = fail(t, name, "cannot be closed");
	return e;
}

/* Syncs the name; leaves nothing beside it of what failed. */
static enum err
finish(int dir, const char *name, const char *beside, enum err e, struct trouble *t)
{
	/* There may be the new content by now, and may not be after a crash. */
	if (e == ERR_OK && fsync(dir) != 0)
		e = trouble_set(
		    t, ERR_IO, "%s: its directory cannot be synced: %s", name, strerror(errno));
	if (e != ERR_OK)
		(void)unlinkat(dir, beside, 0);
	return e;
}

enum err
savefile_read(int dir, const char *name, size_t size_max, struct buf *to, struct trouble *t)
{
	enum err e = small_file_read(dir, name, size_max, to);

	if (e == ERR_FORMAT_SIZE)
		return trouble_set(t, e, "%s: expected at most %zu bytes", name, size_max);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return fail(t, name, "cannot be read");
	return e;
}

bool
savefile_is_leftover(const char *name)
{
	const size_t size = strlen(name), end = strlen(BESIDE);

	return name[0] == '.' && size > end && strcmp(name + size - end, BESIDE) == 0;
}

enum err
savefile_directory(int dir, const char *name, int *out, struct trouble *t)
{
	if (mkdirat(dir, name, 0700) != 0) {
		if (errno != EEXIST)
			return fail(t, name, "the directory cannot be made");
	} else if (fsync(dir) != 0) {
		return fail(t, name, "the directory above cannot be synced");
	}
	*out = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 ? ERR_OK : fail(t, name, "the directory cannot be opened");
}

enum err
savefile_write_at(int fd, struct view bytes, uint64_t offset)
{
	ssize_t written;

	while (bytes.size > 0) {
		written = pwrite(fd, bytes.data, bytes.size, (off_t)offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return savefile_error(errno);
		bytes = (struct view){bytes.data + written, bytes.size - (size_t)written};
		offset += (uint64_t)written;
	}
	return ERR_OK;
}

enum err
savefile_error(int reason)
{
	return reason == ENOSPC || reason == EDQUOT ? ERR_NO_ROOM : ERR_IO;
}

static enum err
fail(struct trouble *t, const char *name, const char *what)
{
	return trouble_set(t, savefile_error(errno), "%s: %s: %s", name, what, strerror(errno));
}
