#include "collector/tokens/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/subject/account.h"

/* Beside a file: what is not whole yet. */
#define BESIDE_SUFFIX ".new"

/* Where a file lies. */
struct place {
	int dir;
	const char *name;
	char beside[NAME_MAX + 1];
};

static enum err open_place(const char *path, struct place *out, struct trouble *t);
static enum err fill(int fd, const struct collector_token_file *file, const char *host_root,
    struct view jws, struct trouble *t);
static enum err find_owner(const struct collector_token_file *file, const char *host_root,
    uid_t *user, gid_t *group, struct trouble *t);
static bool write_all(int fd, struct view bytes);
static enum err say(struct trouble *t, const char *path, const char *what);

enum err
token_file_write(const struct collector_token_file *file, const char *host_root, struct view jws,
    struct trouble *t)
{
	struct place p;
	enum err e;
	int fd;

	if ((e = open_place(file->path, &p, t)) != ERR_OK)
		return e;
	(void)unlinkat(p.dir, p.beside, 0);
	if ((fd = openat(p.dir, p.beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		 0600)) < 0) {
		e = say(t, file->path, "cannot be made");
	} else {
		e = fill(fd, file, host_root, jws, t);
		if (close(fd) != 0 && e == ERR_OK)
			e = say(t, file->path, "cannot be written");
		if (e == ERR_OK && renameat(p.dir, p.beside, p.dir, p.name) != 0)
			e = say(t, file->path, "cannot be replaced");
		if (e != ERR_OK)
			(void)unlinkat(p.dir, p.beside, 0);
	}
	(void)close(p.dir);
	return e;
}

enum err
token_file_remove(const struct collector_token_file *file, struct trouble *t)
{
	struct place p;
	enum err e = open_place(file->path, &p, t);

	if (e != ERR_OK)
		return e;
	(void)unlinkat(p.dir, p.beside, 0);
	if (unlinkat(p.dir, p.name, 0) != 0 && errno != ENOENT)
		e = say(t, file->path, "cannot be removed");
	(void)close(p.dir);
	return e;
}

static enum err
open_place(const char *path, struct place *out, struct trouble *t)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	struct stat st;
	int n;

	out->name = slash + 1; /* paths are absolute */
	n = snprintf(out->beside, sizeof(out->beside), ".%s" BESIDE_SUFFIX, out->name);
	if (slash - path >= PATH_MAX || n < 0 || (size_t)n >= sizeof(out->beside)) {
		errno = ENAMETOOLONG;
		return say(t, path, "has no place");
	}
	(void)snprintf(
	    directory, sizeof(directory), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	if ((out->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return say(t, directory, "cannot be opened");
	if (fstat(out->dir, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return ERR_OK;
	(void)close(out->dir);
	return trouble_set(t, ERR_IO,
	    "%s: expected a directory that nobody but root and this user can write to", directory);
}

/* The mode first: of another user's file only root, or who has more rights, could set it. */
static enum err
fill(int fd, const struct collector_token_file *file, const char *host_root, struct view jws,
    struct trouble *t)
{
	uid_t user = (uid_t)-1;
	gid_t group = (gid_t)-1;
	enum err e;

	if ((e = find_owner(file, host_root, &user, &group, t)) != ERR_OK)
		return e;
	if (!write_all(fd, jws))
		return say(t, file->path, "cannot be written");
	if (fchmod(fd, file->mode) != 0)
		return say(t, file->path, "cannot have its mode");
	if ((file->owner != NULL || file->group != NULL) && fchown(fd, user, group) != 0)
		return say(t, file->path,
		    "cannot be given to its owner: the service has no CAP_CHOWN "
		    "(collector-tokens.conf.sample)");
	return ERR_OK;
}

static enum err
find_owner(const struct collector_token_file *file, const char *host_root, uid_t *user,
    gid_t *group, struct trouble *t)
{
	enum err e = ERR_OK;

	if (file->owner != NULL)
		e = account_find(host_root, file->owner, user, t);
	if (e == ERR_OK && file->group != NULL)
		e = account_find_group(host_root, file->group, group, t);
	return e;
}

static bool
write_all(int fd, struct view bytes)
{
	while (bytes.size > 0) {
		const ssize_t put = write(fd, bytes.data, bytes.size);

		if (put > 0)
			bytes = (struct view){bytes.data + put, bytes.size - (size_t)put};
		else if (put == 0 || errno != EINTR)
			return false;
	}
	return true;
}

/* With errno. */
static enum err
say(struct trouble *t, const char *path, const char *what)
{
	return trouble_set(t, ERR_IO, "%s %s: %s", path, what, strerror(errno));
}
