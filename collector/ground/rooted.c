#include "collector/ground/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "collector/watch/lay.h"

#define READ_SIZE (64 * 1024) /* bytes at once */
#define LOOK      (O_PATH | O_NOFOLLOW | O_CLOEXEC)
#define READ      (O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* The directories that lead to where the walk is, and the names that are still before it. */
struct walk {
	int root;
	int below[ROOTED_DEPTH_MAX];
	size_t depth;
	unsigned links;
	char rest[2 * PATH_MAX];
	struct rooted_place *place;         /* NULL: what is found is opened */
	size_t path_size[ROOTED_DEPTH_MAX]; /* of the place's path, up to each directory */
	uint32_t owner;
	struct rooted_loose *loose; /* NULL: not looked for */
};

static enum err step(struct walk *w, const char *name, bool last, int flags, int *out);
static enum err walk_along(struct walk *w, const char *path, int flags, int *out);
static enum err stand_at(const struct walk *w, const char *name, int *out);
static enum err enter(struct walk *w, int there);
static enum err note(struct walk *w, const char *name, const struct stat *s);
static void note_link(struct walk *w, const struct stat *link);
static void note_loose(struct walk *w, const struct stat *s);
static enum err follow(struct walk *w, int link);
static void leave(struct walk *w, size_t depth);
static void turn_back(struct walk *w, size_t depth);
static int at(const struct walk *w);
static enum err read_all(int fd, size_t size_max, struct buf *to);
static enum err failed(int reason);

enum err
rooted_open(int root, const char *path, int flags, int *out)
{
	struct walk w = {.root = root};

	return walk_along(&w, path, flags, out);
}

enum err
rooted_find(int root, const char *path, uint32_t owner, struct rooted_place *out,
    struct rooted_loose *loose)
{
	struct walk w = {.root = root, .place = out, .owner = owner, .loose = loose};

	out->path_size = 0;
	out->path[0] = '\0';
	if (loose != NULL)
		loose->is_there = false;
	return walk_along(&w, path, 0, &out->dir);
}

bool
rooted_is_loose(uint32_t mode, uint32_t uid, uint32_t owner)
{
	return (uid != 0 && uid != owner) ||
	       ((mode & S_ISVTX) == 0 && (mode & (S_IWGRP | S_IWOTH)) != 0);
}

enum err
rooted_read(int root, const char *path, size_t size_max, struct buf *to, struct stat *s)
{
	const size_t begun = to->size;
	struct stat before;
	int fd, reason;
	enum err e;

	if ((e = rooted_open(root, path, 0, &fd)) != ERR_OK)
		return e;
	if (fstat(fd, &before) != 0)
		e = failed(errno);
	else if (!S_ISREG(before.st_mode))
		e = ERR_FORMAT;
	else {
		watch_file(fd);
		e = read_all(fd, size_max, to);
	}
	reason = errno;
	(void)close(fd);
	errno = reason;
	if (e != ERR_OK)
		to->size = begun;
	if (e == ERR_OK && s != NULL)
		*s = before;
	return e;
}

static enum err
walk_along(struct walk *w, const char *path, int flags, int *out)
{
	char name[NAME_MAX + 1];
	enum err e = ERR_OK;
	size_t size;
	int reason;

	*out = -1;
	if (strlen(path) >= PATH_MAX)
		return failed(ENAMETOOLONG);
	memcpy(w->rest, path, strlen(path) + 1);
	while (e == ERR_OK && *out < 0) {
		size = strspn(w->rest, "/");
		memmove(w->rest, w->rest + size, strlen(w->rest + size) + 1);
		if ((size = strcspn(w->rest, "/")) > NAME_MAX) {
			e = failed(ENAMETOOLONG);
			break;
		}
		memcpy(name, w->rest, size);
		name[size] = '\0';
		memmove(w->rest, w->rest + size, strlen(w->rest + size) + 1);
		e = step(w, name, w->rest[strspn(w->rest, "/")] == '\0', flags, out);
	}
	reason = errno;
	leave(w, 0);
	errno = reason;
	return e;
}

/* One name; an empty one is the end. */
static enum err
step(struct walk *w, const char *name, bool last, int flags, int *out)
{
	struct stat s;
	enum err e;
	int there;

	if (strcmp(name, "..") == 0) {
		turn_back(w, w->depth > 0 ? w->depth - 1 : 0);
		return ERR_OK;
	}
	if (name[0] == '\0' || (strcmp(name, ".") == 0 && last)) {
		if (w->place != NULL)
			return stand_at(w, ".", out);
		*out = openat(at(w), ".", READ | flags);
		return *out >= 0 ? ERR_OK : failed(errno);
	}
	if (strcmp(name, ".") == 0)
		return ERR_OK;
	if ((there = openat(at(w), name, LOOK)) < 0)
		return failed(errno);
	if (fstat(there, &s) != 0)
		e = failed(errno);
	else if (S_ISLNK(s.st_mode)) {
		note_link(w, &s);
		e = follow(w, there);
	} else if (S_ISDIR(s.st_mode) && (e = note(w, name, &s)) == ERR_OK)
		return enter(w, there);
	else if (S_ISDIR(s.st_mode))
		;                            /* the path is too long */
	else if (!last || w->rest[0] == '/') /* only a directory has a slash behind it */
		e = failed(ENOTDIR);
	else if (w->place != NULL)
		e = (e = note(w, name, NULL)) == ERR_OK ? stand_at(w, name, out) : e;
	else
		e = (*out = openat(at(w), name, READ | flags)) >= 0 ? ERR_OK : failed(errno);
	(void)close(there);
	return e;
}

static enum err
stand_at(const struct walk *w, const char *name, int *out)
{
	memcpy(w->place->name, name, strlen(name) + 1);
	*out = openat(at(w), ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 ? ERR_OK : failed(errno);
}

/* `s`: of a directory; NULL: it is none, and the path ends. */
static enum err
note(struct walk *w, const char *name, const struct stat *s)
{
	struct rooted_place *p = w->place;
	const size_t size = strlen(name);

	if (p == NULL)
		return ERR_OK;
	if (size + 1 >= sizeof(p->path) - p->path_size || w->depth == ROOTED_DEPTH_MAX)
		return failed(ENAMETOOLONG);
	p->path[p->path_size] = '/';
	memcpy(p->path + p->path_size + 1, name, size + 1);
	p->path_size += size + 1;
	if (s == NULL)
		return ERR_OK;
	w->path_size[w->depth] = p->path_size;
	if (rooted_is_loose(s->st_mode, s->st_uid, w->owner))
		note_loose(w, s);
	return ERR_OK;
}

/* Its owner may exchange it in a sticky directory, too. */
static void
note_link(struct walk *w, const struct stat *link)
{
	struct stat above;

	if (link->st_uid != 0 && link->st_uid != w->owner && fstat(at(w), &above) == 0 &&
	    (above.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		note_loose(w, &above);
}

/* The directory in which the walk stands, by the path of its place; the first one counts. */
static void
note_loose(struct walk *w, const struct stat *s)
{
	if (w->loose == NULL || w->loose->is_there)
		return;
	*w->loose = (struct rooted_loose){true, s->st_mode, s->st_uid, s->st_gid, ""};
	memcpy(w->loose->path, w->place->path, w->place->path_size + 1);
}

/* Takes `there`. */
static enum err
enter(struct walk *w, int there)
{
	if (w->depth == ROOTED_DEPTH_MAX) {
		(void)close(there);
		return failed(ENAMETOOLONG);
	}
	w->below[w->depth++] = there;
	return ERR_OK;
}

/* What the link says stands before the rest then. */
static enum err
follow(struct walk *w, int link)
{
	char text[PATH_MAX];
	const ssize_t got = readlinkat(link, "", text, sizeof(text));
	const size_t size = got > 0 ? (size_t)got : 0, rest = strlen(w->rest);

	if (got < 0)
		return failed(errno);
	if (size == 0 || size == sizeof(text) || size + 1 + rest >= sizeof(w->rest))
		return failed(ENAMETOOLONG);
	if (++w->links > ROOTED_LINKS_MAX)
		return failed(ELOOP);
	memmove(w->rest + size, w->rest, rest + 1);
	memcpy(w->rest, text, size);
	if (text[0] == '/')
		turn_back(w, 0);
	return ERR_OK;
}

static void
leave(struct walk *w, size_t depth)
{
	while (w->depth > depth)
		(void)close(w->below[--w->depth]);
}

/* Out of the directories down to so many, which the path has no part in any more. */
static void
turn_back(struct walk *w, size_t depth)
{
	leave(w, depth);
	if (w->place == NULL)
		return;
	w->place->path_size = depth > 0 ? w->path_size[depth - 1] : 0;
	w->place->path[w->place->path_size] = '\0';
}

static int
at(const struct walk *w)
{
	return w->depth > 0 ? w->below[w->depth - 1] : w->root;
}

static enum err
read_all(int fd, size_t size_max, struct buf *to)
{
	const size_t begun = to->size;
	uint8_t *p;
	ssize_t got;

	for (;;) {
		if ((p = buf_reserve(to, READ_SIZE)) == NULL)
			return ERR_MEMORY;
		if ((got = read(fd, p, READ_SIZE)) < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? ERR_OK : failed(errno);
		to->size += (size_t)got;
		if (to->size - begun > size_max)
			return ERR_FORMAT_SIZE;
	}
}

static enum err
failed(int reason)
{
	errno = reason;
	return reason == ENOENT || reason == ENOTDIR || reason == ESRCH ? ERR_NOT_FOUND : ERR_IO;
}
