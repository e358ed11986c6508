#include "collector/subject/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const files[NAMESPACE_TYPE_COUNT] = {
    [NAMESPACE_CGROUP] = "ns/cgroup",
    [NAMESPACE_IPC] = "ns/ipc",
    [NAMESPACE_MOUNT] = "ns/mnt",
    [NAMESPACE_NETWORK] = "ns/net",
    [NAMESPACE_PID] = "ns/pid",
    [NAMESPACE_TIME] = "ns/time",
    [NAMESPACE_USER] = "ns/user",
    [NAMESPACE_UTS] = "ns/uts",
};

static bool is_own(const struct namespaces *n, enum namespace_type type, const struct stat *s);
static enum err owner_of(
    const struct namespaces *n, int dir, const char *file, enum namespace_place *out);

enum err
namespaces_of_collector(struct namespaces *out)
{
	const int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = dir >= 0 ? ERR_OK : ERR_IO;
	struct stat s;

	for (unsigned type = 0; e == ERR_OK && type < NAMESPACE_TYPE_COUNT; type++) {
		out->own[type].is_there = fstatat(dir, files[type], &s, 0) == 0;
		if (out->own[type].is_there) {
			out->own[type].device = s.st_dev;
			out->own[type].inode = s.st_ino;
		} else if (errno != ENOENT) {
			e = ERR_IO;
		}
	}
	if (dir >= 0)
		(void)close(dir);
	return e;
}

enum err
namespaces_place(
    const struct namespaces *n, int dir, enum namespace_type type, enum namespace_place *out)
{
	struct stat s;

	*out = NAMESPACE_UNKNOWN;
	if (!n->own[type].is_there)
		return ERR_OK;
	if (fstatat(dir, files[type], &s, 0) != 0)
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	if (is_own(n, type, &s)) {
		*out = NAMESPACE_HOST;
		return ERR_OK;
	}
	*out = NAMESPACE_FOREIGN;
	return type == NAMESPACE_USER ? ERR_OK : owner_of(n, dir, files[type], out);
}

const char *
namespace_word(enum namespace_place place)
{
	switch (place) {
	case NAMESPACE_HOST:
		return "host";
	case NAMESPACE_OWN:
		return "own";
	case NAMESPACE_FOREIGN:
		return "foreign";
	case NAMESPACE_UNKNOWN:
		break;
	}
	return "";
}

static bool
is_own(const struct namespaces *n, enum namespace_type type, const struct stat *s)
{
	return s->st_dev == n->own[type].device && s->st_ino == n->own[type].inode;
}

/* Where the kernel tells no owner, it is none below the collector's user namespace. */
static enum err
owner_of(const struct namespaces *n, int dir, const char *file, enum namespace_place *out)
{
	const int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_OK;
	struct stat s;
	int owner;

	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	if ((owner = ioctl(fd, NS_GET_USERNS)) >= 0) {
		if (fstat(owner, &s) != 0)
			e = ERR_IO;
		else if (is_own(n, NAMESPACE_USER, &s))
			*out = NAMESPACE_OWN;
		(void)close(owner);
	} else if (errno != EPERM) {
		e = ERR_IO;
	}
	(void)close(fd);
	return e;
}
