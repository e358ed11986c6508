#include "register/follow/mirror_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/inputfile.h"
#include "proto/encoding.h"
#include "register/follow/state_file.h"

#define KEPT          "kept"
#define KEPT_SIZE_MAX ((size_t)MIRROR_PACKS_MAX * 40)
#define FORGET_DEPTH  16 /* of directories: tiles lie five deep */

static enum err open_below(const char *log, struct mirror_files *out);
static enum err take_kept(struct mirror_files *f);
static bool take_line(struct mirror_files *f, struct view line, enum err *e);
static enum err cut(struct mirror_files *f, unsigned pack, uint64_t size);
static enum err begin_anew(struct mirror_files *f);
static void drop_packs_behind(struct mirror_files *f);
static enum err make_parents(int dir, const char *path);
static enum err write_whole(int fd, struct view bytes);
static enum err remove_all(int at, const char *name, unsigned depth);

enum err
mirror_files_open(const char *log, struct mirror_files *out)
{
	enum err e;

	*out = (struct mirror_files){.dir = -1, .log = -1, .evidence = -1};
	if ((e = open_below(log, out)) != ERR_OK)
		return e;
	e = take_kept(out);
	if (e == ERR_NOT_FOUND || e == ERR_FORMAT)
		e = begin_anew(out);
	if (e == ERR_OK)
		drop_packs_behind(out);
	return e;
}

void
mirror_files_close(struct mirror_files *f)
{
	if (f->log >= 0)
		close(f->log);
	if (f->evidence >= 0)
		close(f->evidence);
	if (f->dir >= 0)
		close(f->dir);
	*f = (struct mirror_files){.dir = -1, .log = -1, .evidence = -1};
}

/* STATE/NAME/mirror/log: what is above the last two is the log's state directory. */
static enum err
open_below(const char *log, struct mirror_files *out)
{
	const char *end = strrchr(log, '/');
	char *mirror = end != NULL ? strndup(log, (size_t)(end - log)) : NULL;
	enum err e = mirror != NULL ? ERR_OK : ERR_MEMORY;

	if (e == ERR_OK)
		e = state_directory_open(AT_FDCWD, mirror, &out->dir);
	if (e == ERR_OK)
		e = state_directory_open(out->dir, "log", &out->log);
	if (e == ERR_OK)
		e = state_directory_open(out->dir, "evidence", &out->evidence);
	free(mirror);
	return e;
}

/* ERR_NOT_FOUND, ERR_FORMAT: there is nothing that counts. */
static enum err
take_kept(struct mirror_files *f)
{
	struct buf text = BUF_INIT;
	enum err e = inputfile_read(f->dir, KEPT, KEPT_SIZE_MAX, &text);
	struct view rest = buf_view(&text);

	while (e == ERR_OK && rest.size > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);
		struct view line = rest;

		if (end == NULL) {
			e = ERR_FORMAT;
			break;
		}
		line.size = (size_t)(end - rest.data);
		rest.data = end + 1;
		rest.size -= line.size + 1;
		if (!take_line(f, line, &e) && e == ERR_OK)
			e = ERR_FORMAT;
	}
	buf_free(&text);
	return e == ERR_FORMAT_SIZE ? ERR_FORMAT : e;
}

static bool
take_line(struct mirror_files *f, struct view line, enum err *e)
{
	const uint8_t *space = memchr(line.data, ' ', line.size);
	char name[MIRROR_NAME_SIZE];
	struct view word, number;
	uint64_t value;

	if (space == NULL)
		return false;
	word = (struct view){line.data, (size_t)(space - line.data)};
	number = (struct view){space + 1, line.size - word.size - 1};
	if (decimal_decode(number, &value) != ERR_OK)
		return false;
	if (view_equal(word, VIEW_LITERAL("entries"))) {
		f->entries = value;
		return true;
	}
	(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, f->packs + 1);
	if (!view_equal(word, view_of_string(name)) || f->packs == MIRROR_PACKS_MAX)
		return false;
	f->packs++;
	f->pack_size = value;
	*e = cut(f, f->packs, value);
	return *e == ERR_OK;
}

/* ERR_FORMAT: it is not there, or shorter. */
static enum err
cut(struct mirror_files *f, unsigned pack, uint64_t size)
{
	char name[MIRROR_NAME_SIZE];
	struct stat st;
	int fd;
	enum err e = ERR_OK;

	(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, pack);
	if ((fd = openat(f->evidence, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return errno == ENOENT ? ERR_FORMAT : ERR_IO;
	if (fstat(fd, &st) != 0)
		e = ERR_IO;
	else if ((uint64_t)st.st_size < size)
		e = ERR_FORMAT;
	else if ((uint64_t)st.st_size > size && ftruncate(fd, (off_t)size) != 0)
		e = ERR_IO;
	close(fd);
	return e;
}

static enum err
begin_anew(struct mirror_files *f)
{
	enum err e = mirror_files_forget(f);

	f->packs = 0;
	f->pack_size = 0;
	return e;
}

/* Those that were not written down. */
static void
drop_packs_behind(struct mirror_files *f)
{
	char name[MIRROR_NAME_SIZE];
	unsigned pack = f->packs;

	do
		(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, ++pack);
	while (unlinkat(f->evidence, name, 0) == 0);
}

enum err
mirror_files_put(struct mirror_files *f, const char *path, struct view content)
{
	int fd = openat(f->log, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err e;

	if (fd < 0 && errno == ENOENT) {
		if ((e = make_parents(f->log, path)) != ERR_OK)
			return e;
		fd = openat(
		    f->log, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	if (fd < 0)
		return ERR_IO;
	e = write_whole(fd, content);
	if (close(fd) != 0)
		e = ERR_IO;
	return e;
}

static enum err
make_parents(int dir, const char *path)
{
	char part[TILE_PATH_SIZE];

	for (const char *at = path; (at = strchr(at, '/')) != NULL; at++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		if (mkdirat(dir, part, 0700) != 0 && errno != EEXIST)
			return ERR_IO;
	}
	return ERR_OK;
}

static enum err
write_whole(int fd, struct view bytes)
{
	while (bytes.size > 0) {
		const ssize_t n = write(fd, bytes.data, bytes.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		bytes.data += n;
		bytes.size -= (size_t)n;
	}
	return ERR_OK;
}

enum err
mirror_files_begin_pack(struct mirror_files *f)
{
	char name[MIRROR_NAME_SIZE];
	int fd;

	if (f->packs == MIRROR_PACKS_MAX) {
		errno = EFBIG;
		return ERR_IO;
	}
	(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, f->packs + 1);
	fd = openat(f->evidence, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || close(fd) != 0)
		return ERR_IO;
	f->packs++;
	f->pack_size = 0;
	return ERR_OK;
}

/* What was written in part is cut off: a next one begins where this one did. */
enum err
mirror_files_append(struct mirror_files *f, struct view bytes)
{
	char name[MIRROR_NAME_SIZE];
	enum err e;
	int fd;

	(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, f->packs);
	fd = openat(f->evidence, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR_IO;
	e = write_whole(fd, bytes);
	if (e == ERR_OK)
		f->pack_size += bytes.size;
	else if (ftruncate(fd, (off_t)f->pack_size) != 0)
		e = ERR_IO;
	if (close(fd) != 0)
		e = ERR_IO;
	return e;
}

enum err
mirror_files_keep(struct mirror_files *f, uint64_t entries)
{
	struct buf text = BUF_INIT;
	struct stat st;
	char name[MIRROR_NAME_SIZE];
	enum err e = ERR_OK;

	if (syncfs(f->dir) != 0)
		return ERR_IO;
	buf_append_format(&text, "entries %llu\n", (unsigned long long)entries);
	for (unsigned pack = 1; e == ERR_OK && pack <= f->packs; pack++) {
		(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, pack);
		if (fstatat(f->evidence, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			e = ERR_IO;
		else
			buf_append_format(&text, "%s %llu\n", name, (unsigned long long)st.st_size);
	}
	if (e == ERR_OK && (e = buf_status(&text)) == ERR_OK &&
	    (e = state_file_replace(f->dir, KEPT, buf_view(&text))) == ERR_OK)
		f->entries = entries;
	buf_free(&text);
	return e;
}

enum err
mirror_files_put_checkpoint(struct mirror_files *f, struct view note)
{
	return state_file_replace(f->log, "checkpoint", note);
}

void
mirror_files_drop(struct mirror_files *f, const char *path)
{
	char directory[TILE_PATH_SIZE];
	char *end;

	(void)snprintf(directory, sizeof(directory), "%s", path);
	(void)unlinkat(f->log, path, 0); /* it is in nobody's way */
	if ((end = strrchr(directory, '/')) != NULL) {
		*end = '\0';
		(void)unlinkat(f->log, directory, AT_REMOVEDIR); /* where it was the last */
	}
}

enum err
mirror_files_forget(struct mirror_files *f)
{
	enum err e = ERR_OK;

	f->entries = 0;
	if (unlinkat(f->dir, KEPT, 0) != 0 && errno != ENOENT)
		e = ERR_IO;
	if (e == ERR_OK && unlinkat(f->log, "checkpoint", 0) != 0 && errno != ENOENT)
		e = ERR_IO;
	return e == ERR_OK ? remove_all(f->log, "tile", 0) : e;
}

static enum err
remove_all(int at, const char *name, unsigned depth)
{
	const int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
	enum err e = ERR_OK;

	if (fd < 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	if (all == NULL || depth == FORGET_DEPTH) {
		if (all != NULL)
			(void)closedir(all);
		else
			close(fd);
		return ERR_IO;
	}
	for (struct dirent *d; e == ERR_OK && (d = readdir(all)) != NULL;) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, d->d_name, 0) != 0)
			e = errno == EISDIR || errno == EPERM ? remove_all(fd, d->d_name, depth + 1)
							      : ERR_IO;
	}
	(void)closedir(all);
	return e == ERR_OK && unlinkat(at, name, AT_REMOVEDIR) != 0 ? ERR_IO : e;
}
