#include "collector/measure/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum lookup { LOOKUP_SAME, LOOKUP_OTHER, LOOKUP_MISSING, LOOKUP_HIDDEN };

static const struct view deleted_mark = VIEW_LITERAL(" (deleted)");
static const struct view memfd_mark = VIEW_LITERAL("/memfd:");

static enum lookup look_up(
    const struct measure_context *m, struct view path, const struct mapped_file *held, int *found);
static enum lookup look_below(
    int root, const char *path, const struct mapped_file *held, int *found);
static bool ends_with(struct view text, struct view end);

enum err
mapped_file_resolve(const struct measure_context *m, struct view text,
    const struct mapped_file *held, struct mapped_name *out)
{
	out->path = text;
	out->flags = 0;
	out->fd = -1;
	if (text.size == 0 || text.data[0] != '/' || text.size >= PATH_MAX)
		return ERR_FORMAT;
	if (ends_with(text, deleted_mark)) {
		/* Perhaps it is really called so. */
		if (look_up(m, text, held, &out->fd) == LOOKUP_SAME)
			return ERR_OK;
		out->path.size -= deleted_mark.size;
		if (out->path.size > memfd_mark.size &&
		    memcmp(text.data, memfd_mark.data, memfd_mark.size) == 0) {
			out->flags = COMPONENT_FILE_MEMFD;
			return ERR_OK;
		}
		out->flags = COMPONENT_FILE_DELETED;
		if (out->path.size == 0)
			return ERR_FORMAT;
	}
	switch (look_up(m, out->path, held, &out->fd)) {
	case LOOKUP_SAME: /* linked again, if it was deleted */
		out->flags = 0;
		break;
	case LOOKUP_OTHER:
		out->flags |= COMPONENT_FILE_REPLACED;
		break;
	case LOOKUP_MISSING:
		out->flags |= COMPONENT_FILE_DELETED;
		break;
	case LOOKUP_HIDDEN:
		break;
	}
	return ERR_OK;
}

bool
mapped_file_is(int fd, const struct stat *s, const struct maps_entry *entry)
{
	struct statfs system;

	if (s->st_ino != entry->inode)
		return false;
	if (major(s->st_dev) == entry->device_major && minor(s->st_dev) == entry->device_minor)
		return true;
	return fstatfs(fd, &system) == 0 &&
	       (system.f_type == OVERLAYFS_SUPER_MAGIC || system.f_type == BTRFS_SUPER_MAGIC);
}

int
mapped_file_reopen(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/*
 * A name of another mount namespace counts from the process's root; one of our own namespace
 * counts from ours, even if the process lives in a chroot.
 */
static enum lookup
look_up(
    const struct measure_context *m, struct view path, const struct mapped_file *held, int *found)
{
	enum lookup first = LOOKUP_HIDDEN, second;
	char name[PATH_MAX];
	int own;

	memcpy(name, path.data, path.size);
	name[path.size] = '\0';
	if (m->root >= 0 && (first = look_below(m->root, name, held, found)) == LOOKUP_SAME)
		return first;
	if ((own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return first;
	second = look_below(own, name, held, found);
	(void)close(own);
	if (second == LOOKUP_SAME || m->root < 0)
		return second;
	return first;
}

static enum lookup
look_below(int root, const char *path, const struct mapped_file *held, int *found)
{
	struct open_how how;
	struct stat s;
	bool same;
	int fd;

	memset(&how, 0, sizeof(how));
	how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return LOOKUP_MISSING;
	if (fd < 0) /* a symbolic link on the way: not the name that the kernel knows */
		return errno == ELOOP ? LOOKUP_OTHER : LOOKUP_HIDDEN;
	if (fstat(fd, &s) != 0) {
		(void)close(fd);
		return LOOKUP_HIDDEN;
	}
	if (held->stat != NULL)
		same = s.st_dev == held->stat->st_dev && s.st_ino == held->stat->st_ino;
	else
		same = mapped_file_is(fd, &s, held->entry);
	if (same)
		*found = fd;
	else
		(void)close(fd);
	return same ? LOOKUP_SAME : LOOKUP_OTHER;
}

static bool
ends_with(struct view text, struct view end)
{
	return text.size > end.size &&
	       memcmp(text.data + text.size - end.size, end.data, end.size) == 0;
}
