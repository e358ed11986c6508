#include "collector/scripts/used_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/ground/small_file.h"
#include "collector/scripts/named_paths.h"
#include "collector/subject/procfs.h"

struct lookup {
	int root, cwd;
	struct buf cwd_path; /* below the root; empty if it is not known */
	struct buf path;
	unsigned lookups;
	used_files_visit *visit;
	void *context;
};

static enum err each_named(int dir, struct lookup *l);
static named_paths_visit look_up;
static enum err find_cwd(int dir, struct lookup *l);
static int open_named(struct lookup *l, struct view path);
static enum err each_open(int dir, used_files_visit *visit, void *context);
static bool is_for_reading(int list, const char *name);
static enum err visit_open(int list, const char *name, used_files_visit *visit, void *context);
static enum err visit_regular(int fd, used_files_visit *visit, void *context);

enum err
used_files_each(int dir, int root, used_files_visit *visit, void *context)
{
	struct lookup l = {.root = root,
	    .cwd = -1,
	    .cwd_path = BUF_INIT,
	    .path = BUF_INIT,
	    .visit = visit,
	    .context = context};
	enum err e = root >= 0 ? each_named(dir, &l) : ERR_OK;

	if (l.cwd >= 0)
		(void)close(l.cwd);
	buf_free(&l.cwd_path);
	buf_free(&l.path);
	return e == ERR_OK ? each_open(dir, visit, context) : e;
}

static enum err
each_named(int dir, struct lookup *l)
{
	struct buf text = BUF_INIT;
	struct view rest, argument;
	enum err e;

	if ((e = find_cwd(dir, l)) == ERR_OK)
		e = small_file_read(dir, "cmdline", USED_FILES_CMDLINE_MAX, &text);
	rest = buf_view(&text);
	while (e == ERR_OK && procfs_next_string(&rest, &argument))
		e = named_paths_each(argument, look_up, l);
	buf_free(&text);
	return e;
}

static enum err
look_up(void *context, struct view path)
{
	struct lookup *l = context;
	enum err e = ERR_OK;
	int fd;

	if (++l->lookups > USED_FILES_LOOKUPS_MAX)
		return ERR_FORMAT_SIZE;
	if ((fd = open_named(l, path)) >= 0) {
		e = visit_regular(fd, l->visit, l->context);
		(void)close(fd);
	}
	return l->path.failed ? ERR_MEMORY : e;
}

/* The kernel tells the place below our root; of a process with another one, what is behind its. */
static enum err
find_cwd(int dir, struct lookup *l)
{
	struct buf root = BUF_INIT;
	enum err e;

	l->cwd = openat(dir, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if ((e = procfs_read_link(dir, "root", &root)) == ERR_OK)
		e = procfs_read_link(dir, "cwd", &l->cwd_path);
	if (e == ERR_OK && root.size > 1 && l->cwd_path.size >= root.size &&
	    memcmp(l->cwd_path.data, root.data, root.size) == 0 &&
	    (l->cwd_path.size == root.size || l->cwd_path.data[root.size] == '/'))
		buf_consume(&l->cwd_path, root.size);
	else if (e != ERR_OK || l->cwd_path.data[0] != '/')
		buf_clear(&l->cwd_path);
	buf_free(&root);
	return e == ERR_FORMAT_SIZE ? ERR_OK : e;
}

/*
 * Where the place of a relative path cannot be told, the directory that it starts from is all that
 * there is: neither a link nor ".." leads out of it, and so to what is the collector's. O_PATH, or
 * -1.
 */
static int
open_named(struct lookup *l, struct view path)
{
	const bool relative = path.data[0] != '/';
	const size_t cwd_size = relative ? l->cwd_path.size : 0;
	const char *whole;
	int fd = -1;

	buf_clear(&l->path);
	buf_append_view(&l->path, (struct view){l->cwd_path.data, cwd_size});
	buf_append_byte(&l->path, '/');
	buf_append_view(&l->path, path);
	buf_append_byte(&l->path, '\0');
	if (l->path.failed)
		return -1;
	whole = (const char *)l->path.data;
	if ((!relative || cwd_size > 0) && rooted_open(l->root, whole, O_PATH, &fd) == ERR_OK)
		return fd;
	if (relative && rooted_open(l->cwd, whole + cwd_size, O_PATH, &fd) == ERR_OK)
		return fd;
	return -1;
}

static enum err
each_open(int dir, used_files_visit *visit, void *context)
{
	const int list = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = list >= 0 ? fdopendir(list) : NULL;
	const struct dirent *entry;
	enum err e = ERR_OK;
	unsigned count = 0;

	if (names == NULL) {
		if (list >= 0)
			(void)close(list);
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	}
	while (e == ERR_OK && (entry = readdir(names)) != NULL) {
		if (entry->d_name[0] == '.' || !is_for_reading(list, entry->d_name))
			continue;
		e = ++count > USED_FILES_OPEN_MAX ? ERR_FORMAT_SIZE
						  : visit_open(list, entry->d_name, visit, context);
	}
	(void)closedir(names);
	return e;
}

/* The mode of the link says what the file was opened for: a server has any number of sockets. */
static bool
is_for_reading(int list, const char *name)
{
	struct stat link;

	return fstatat(list, name, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (link.st_mode & (S_IRUSR | S_IWUSR)) == S_IRUSR;
}

/* One that is closed meanwhile is none. */
static enum err
visit_open(int list, const char *name, used_files_visit *visit, void *context)
{
	const int fd = openat(list, name, O_PATH | O_CLOEXEC);
	enum err e;

	if (fd < 0)
		return ERR_OK;
	e = visit_regular(fd, visit, context);
	(void)close(fd);
	return e;
}

static enum err
visit_regular(int fd, used_files_visit *visit, void *context)
{
	struct stat s;

	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode) ? visit(context, fd, &s) : ERR_OK;
}
