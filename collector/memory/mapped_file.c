#include "collector/memory/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collector/subject/host_root.h"
#include "collector/subject/procfs.h"

#define LINK_SIZE (sizeof("map_files/") + MAPS_RANGE_SIZE)

enum lookup { LOOKUP_SAME, LOOKUP_OTHER, LOOKUP_MISSING, LOOKUP_HIDDEN };

static const struct view deleted_mark = VIEW_LITERAL(" (deleted)");
static const struct view memfd_mark = VIEW_LITERAL("/memfd:");

static void name_link(const struct maps_entry *entry, char path[LINK_SIZE]);
static enum lookup look_up(
    const struct mapped_roots *roots, struct view path, const struct mapped_file *held, int *found);
static enum lookup look_below(
    int root, const char *path, const struct mapped_file *held, int *found);
static enum lookup walk(int root, const char *path, int *fd);
static enum lookup missed(int at, int reason);
static bool next_name(const char **path, char name[PATH_MAX]);
static bool is_above(const char *name);
static bool ends_with(struct view text, struct view end);

enum err
mapped_file_resolve(const struct mapped_roots *roots, struct view text,
    const struct mapped_file *held, struct mapped_name *out)
{
	out->path = text;
	out->flags = 0;
	out->fd = -1;
	if (text.size == 0 || text.data[0] != '/' || text.size >= PATH_MAX)
		return ERR_FORMAT;
	if (ends_with(text, deleted_mark)) {
		/* Perhaps it is really called so. */
		if (look_up(roots, text, held, &out->fd) == LOOKUP_SAME)
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
	switch (look_up(roots, out->path, held, &out->fd)) {
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

void
mapped_file_text(int dir, const struct maps_entry *entry, struct buf *to)
{
	char path[LINK_SIZE];

	name_link(entry, path);
	if (procfs_read_link(dir, path, to) != ERR_OK)
		maps_unescape(entry->path, to);
}

int
mapped_file_open(int dir, const struct maps_entry *entry, struct stat *s)
{
	char path[LINK_SIZE];
	int fd;

	name_link(entry, path);
	if ((fd = openat(dir, path, O_PATH | O_CLOEXEC)) < 0)
		return -1;
	/* The address may have been mapped to another file since maps was read. */
	if (fstat(fd, s) != 0 || !mapped_file_is(fd, s, entry)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
name_link(const struct maps_entry *entry, char path[LINK_SIZE])
{
	char range[MAPS_RANGE_SIZE];

	maps_range(entry, range);
	(void)snprintf(path, LINK_SIZE, "map_files/%s", range);
}

/*
 * A name of another mount namespace counts from the process's root; one of the host's counts from
 * the host's, even if the process lives in a chroot.
 */
static enum lookup
look_up(
    const struct mapped_roots *roots, struct view path, const struct mapped_file *held, int *found)
{
	enum lookup first = LOOKUP_HIDDEN, second;
	struct trouble t = TROUBLE_INIT;
	char name[PATH_MAX];
	int own;

	memcpy(name, path.data, path.size);
	name[path.size] = '\0';
	if (roots->process >= 0 &&
	    (first = look_below(roots->process, name, held, found)) == LOOKUP_SAME)
		return first;
	if (host_root_open(roots->host, &own, &t) != ERR_OK)
		return first;
	second = look_below(own, name, held, found);
	(void)close(own);
	if (second == LOOKUP_SAME || roots->process < 0)
		return second;
	return first;
}

static enum lookup
look_below(int root, const char *path, const struct mapped_file *held, int *found)
{
	enum lookup result;
	struct stat s;
	bool same;
	int fd;

	if ((result = walk(root, path, &fd)) != LOOKUP_SAME)
		return result;
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

/*
 * Opens what the path names below `root`, name by name: no link is followed, and nothing leads out.
 * openat2 does that in one call, but has its flags in memory, where no filter of system calls can
 * see that a file is only read. LOOKUP_SAME: it is in *fd.
 */
static enum lookup
walk(int root, const char *path, int *fd)
{
	enum lookup result = LOOKUP_SAME;
	char name[PATH_MAX];
	int at = root, next;

	while (result == LOOKUP_SAME && next_name(&path, name)) {
		next = is_above(name) ? -1 : openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			result = is_above(name) ? LOOKUP_OTHER : missed(at, errno);
		if (at != root)
			(void)close(at);
		at = next;
	}
	if (result == LOOKUP_SAME && at == root)
		return LOOKUP_OTHER; /* no name at all */
	*fd = at;
	return result;
}

/* Why there is nothing of a name in the directory `at`. */
static enum lookup
missed(int at, int reason)
{
	struct stat s;

	if (reason == ENOTDIR && fstat(at, &s) == 0 && S_ISLNK(s.st_mode))
		return LOOKUP_OTHER; /* not the way that the kernel knows */
	return reason == ENOENT || reason == ENOTDIR ? LOOKUP_MISSING : LOOKUP_HIDDEN;
}

/* The next name of a path; false at its end. */
static bool
next_name(const char **path, char name[PATH_MAX])
{
	const char *begin = *path + strspn(*path, "/");
	const size_t size = strcspn(begin, "/");

	memcpy(name, begin, size);
	name[size] = '\0';
	*path = begin + size;
	return size > 0;
}

/* The kernel tells no such names, and they would lead out of the root. */
static bool
is_above(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool
ends_with(struct view text, struct view end)
{
	return text.size > end.size &&
	       memcmp(text.data + text.size - end.size, end.data, end.size) == 0;
}
