#include "collector/machine/reading.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"

#define PATH_SIZE 512 /* bytes; a longer one is of no file here */

static int place_of(const struct machine *m, const char **path);

struct machine
machine_enter(const struct machine *m, const char *directory)
{
	const int place = openat(m->root, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct machine inner = *m;

	if (place >= 0) {
		inner.directory = directory;
		inner.place = place;
	}
	return inner;
}

void
machine_leave(struct machine *inner, const struct machine *m)
{
	if (inner->directory != m->directory)
		(void)close(inner->place);
	*inner = *m;
}

enum err
machine_read(const struct machine *m, const char *path, struct buf *to)
{
	const size_t begun = to->size;
	const int place = place_of(m, &path);
	enum err e = small_file_read(place, path, MACHINE_TEXT_MAX, to);

	while (e == ERR_OK && to->size > begun &&
	       (to->data[to->size - 1] == '\n' || to->data[to->size - 1] == '\0'))
		to->size--;
	return e;
}

enum err
machine_read_value(const struct machine *m, const char *directory, const char *file,
    const char *before, struct values *to)
{
	const size_t begun = to->text.size;
	char path[PATH_SIZE];
	enum err e;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, file) >= sizeof(path))
		return ERR_OK;
	buf_append_string(&to->text, before);
	e = machine_read(m, path, &to->text);
	if (e == ERR_OK)
		values_end(to);
	else
		to->text.size = begun;
	return e == ERR_NOT_FOUND || e == ERR_IO ? ERR_OK : e;
}

enum err
machine_each(const struct machine *m, const char *directory, machine_name *each, void *context)
{
	const int fd = openat(m->root, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct machine inner = *m;
	const struct dirent *entry;
	enum err e = ERR_OK;

	if (dir == NULL) {
		e = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		if (fd >= 0)
			(void)close(fd);
		return e;
	}
	inner.directory = directory;
	inner.place = fd;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			e = each(&inner, entry->d_name, context);
	(void)closedir(dir);
	return e;
}

enum err
machine_finish(const struct machine *m, enum err e, struct values *values, enum values_order order,
    const char *name)
{
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = values_finish(values, order, name, m->to);
	else if (e == ERR_IO)
		e = ERR_OK;
	values_free(values);
	return e;
}

/* Where a path is read from; it becomes the rest of it. */
static int
place_of(const struct machine *m, const char **path)
{
	const size_t size = m->directory != NULL ? strlen(m->directory) : 0;

	if (size == 0 || strncmp(*path, m->directory, size) != 0 || (*path)[size] != '/')
		return m->root;
	*path += size + 1;
	return m->place;
}
