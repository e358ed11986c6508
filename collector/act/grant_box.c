#include "collector/act/grant_box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Looked at in all, of a directory that somebody fills. */
#define NAMES_MAX (4 * GRANT_FILES_MAX)

struct looking {
	struct grant_box *box;
	int directory;
	const struct grant_keys *keys;
	const char *collector;
	uint64_t now_s;
	grant_doubt *doubt;
	grant_refuse *refuse;
	void *context;
};

static enum err each(struct looking *l, DIR *list);
static enum err look(struct looking *l, const char *name);
static struct grant_file *find(struct grant_box *b, const char *name);
static bool is_same(const struct grant_file *f, const struct stat *s);
static enum err judge(struct looking *l, const char *name, const struct stat *s, struct grant *out,
    struct trouble *t);
static enum err read_whole(int fd, struct buf *to);
static void forget_unseen(struct grant_box *b);

enum err
grant_box_look(struct grant_box *b, int directory, const struct grant_keys *keys,
    const char *collector, uint64_t now_s, grant_doubt *doubt, grant_refuse *refuse, void *context)
{
	struct looking l = {b, directory, keys, collector, now_s, doubt, refuse, context};
	const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	enum err e;

	if (list == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return ERR_IO;
	}
	for (size_t i = 0; i < b->count; i++)
		b->file[i].is_seen = false;
	e = each(&l, list);
	(void)closedir(list);
	if (e == ERR_OK)
		forget_unseen(b);
	return e;
}

void
grant_box_clear(struct grant_box *b)
{
	free(b->file);
	*b = (struct grant_box){.file = NULL};
}

static enum err
each(struct looking *l, DIR *list)
{
	struct trouble t = TROUBLE_INIT;
	const struct dirent *entry;
	size_t names = 0;
	bool overfull = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !overfull && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (++names > NAMES_MAX || (e = look(l, entry->d_name)) == ERR_NO_ROOM) {
			overfull = true;
			e = ERR_OK;
		}
	}
	if (overfull && !l->box->is_overfull)
		l->refuse(l->context, "", ERR_NO_ROOM,
		    (trouble_set(&t, ERR_NO_ROOM,
			 "more than %d files: those above that are not looked at; remove what is "
			 "over or used",
			 GRANT_FILES_MAX),
			&t));
	l->box->is_overfull = overfull;
	return e;
}

/* ERR_NO_ROOM: there are too many. One that is gone meanwhile is none. */
static enum err
look(struct looking *l, const char *name)
{
	struct grant_file *f = find(l->box, name), *grown;
	struct trouble t = TROUBLE_INIT;
	struct stat s;
	enum err e;

	if (fstatat(l->directory, name, &s, AT_SYMLINK_NOFOLLOW) != 0)
		return ERR_OK;
	if (f != NULL && is_same(f, &s)) {
		f->is_seen = true;
		return ERR_OK;
	}
	if (f == NULL) {
		if (l->box->count == GRANT_FILES_MAX)
			return ERR_NO_ROOM;
		grown = reallocarray(l->box->file, l->box->count + 1, sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		l->box->file = grown;
		f = &grown[l->box->count++];
	}
	memset(f, 0, sizeof(*f));
	memcpy(f->name, name, strlen(name) + 1);
	f->device = s.st_dev;
	f->inode = s.st_ino;
	f->size = s.st_size;
	f->modified = s.st_mtim;
	f->changed = s.st_ctim;
	f->is_seen = true;
	if ((e = judge(l, name, &s, &f->grant, &t)) == ERR_OK)
		f->is_good = true;
	else
		l->refuse(l->context, name, e, &t);
	return ERR_OK;
}

static struct grant_file *
find(struct grant_box *b, const char *name)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->file[i].name, name) == 0)
			return &b->file[i];
	return NULL;
}

static bool
is_same(const struct grant_file *f, const struct stat *s)
{
	return f->device == s->st_dev && f->inode == s->st_ino && f->size == s->st_size &&
	       f->modified.tv_sec == s->st_mtim.tv_sec &&
	       f->modified.tv_nsec == s->st_mtim.tv_nsec &&
	       f->changed.tv_sec == s->st_ctim.tv_sec && f->changed.tv_nsec == s->st_ctim.tv_nsec;
}

/* What is opened may be another one by now: a device, or a pipe that nobody writes to. */
static enum err
judge(
    struct looking *l, const char *name, const struct stat *s, struct grant *out, struct trouble *t)
{
	struct buf bytes = BUF_INIT;
	struct stat opened;
	int fd;
	enum err e;

	if (!S_ISREG(s->st_mode) || s->st_size > STATEMENT_SIZE_MAX)
		return trouble_set(t, ERR_STATEMENT_FORMAT,
		    "expected a regular file of at most %d bytes, and no link", STATEMENT_SIZE_MAX);
	fd = openat(l->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return trouble_set(t, ERR_IO, "it cannot be read: %s", strerror(errno));
	e = fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode) ? read_whole(fd, &bytes) : ERR_IO;
	(void)close(fd);
	if (e == ERR_OK &&
	    (e = grant_judge(buf_view(&bytes), l->keys, l->collector, l->now_s, out, t)) == ERR_OK)
		e = l->doubt(l->context, out, t);
	buf_free(&bytes);
	return e;
}

/* One byte more than a statement has is no statement: that is told by who reads it. */
static enum err
read_whole(int fd, struct buf *to)
{
	uint8_t *room = buf_reserve(to, STATEMENT_SIZE_MAX + 1);
	ssize_t size = 1;

	while (room != NULL && size > 0 && to->size <= STATEMENT_SIZE_MAX) {
		size = read(fd, to->data + to->size, STATEMENT_SIZE_MAX + 1 - to->size);
		if (size > 0)
			to->size += (size_t)size;
	}
	return room == NULL ? ERR_MEMORY : size < 0 ? ERR_IO : ERR_OK;
}

static void
forget_unseen(struct grant_box *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->file[i].is_seen)
			b->file[kept++] = b->file[i];
	b->count = kept;
}
