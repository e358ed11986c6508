#include "config/yaml_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_regular(const char *file, unsigned line, const char *key, const char *path,
    struct faults *faults, struct stat *st);

enum err
yaml_read_file(const char *file, unsigned line, const char *key, const char *path, size_t size_max,
    struct faults *faults, struct buf *to)
{
	const char *quote = key != NULL ? "\"" : "";
	const size_t begun = to->size;
	enum err e = ERR_CONFIG;
	struct stat st;
	ssize_t size;
	size_t room;
	int fd;

	if ((fd = open_regular(file, line, key, path, faults, &st)) < 0)
		return ERR_CONFIG;
	/* One byte more than it has now, so that its end shows without growing. */
	room = st.st_size >= 0 && (uint64_t)st.st_size < size_max ? (size_t)st.st_size + 1 : 4096;
	for (;;) {
		uint8_t *p = buf_reserve(to, room);

		if (p == NULL)
			abort();
		size = read(fd, p, room);
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			break;
		to->size += (size_t)size;
		room = 4096; /* of a file that grows */
		if (to->size - begun > size_max)
			break;
	}
	if (size < 0)
		faults_add(faults, file, line, "%s%s%s: cannot read: %s", quote,
		    key != NULL ? key : "the file", quote, strerror(errno));
	else if (to->size - begun > size_max)
		faults_add(faults, file, line, "%s%s%s is larger than the %zu bytes allowed", quote,
		    key != NULL ? key : "the file", quote, size_max);
	else
		e = ERR_OK;
	if (e != ERR_OK)
		to->size = begun;
	close(fd);
	return e;
}

bool
yaml_check_readable(
    const char *file, unsigned line, const char *key, const char *path, struct faults *faults)
{
	struct stat st;
	const int fd = open_regular(file, line, key, path, faults, &st);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

bool
yaml_check_secret(
    const char *file, unsigned line, const char *key, const char *path, struct faults *faults)
{
	struct stat st;
	const int fd = open_regular(file, line, key, path, faults, &st);
	bool good = true;

	if (fd < 0)
		return false;
	close(fd);
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		faults_add(faults, file, line,
		    "\"%s\" is a secret and must belong to this user (%u) or root; %s belongs to "
		    "user %u: chown it, or run as that user",
		    key, (unsigned)geteuid(), path, (unsigned)st.st_uid);
		good = false;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		faults_add(faults, file, line,
		    "\"%s\" is a secret and must be closed to group and others; %s has mode %04o: "
		    "chmod 0600 it",
		    key, path, (unsigned)(st.st_mode & 07777));
		good = false;
	}
	return good;
}

bool
yaml_check_directory(
    const char *file, unsigned line, const char *key, const char *path, struct faults *faults)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		faults_add(faults, file, line, "\"%s\": directory %s: %s; make it first", key, path,
		    strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		faults_add(faults, file, line, "\"%s\" must be a directory; %s is none", key, path);
		return false;
	}
	if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
		faults_add(faults, file, line,
		    "\"%s\": directory %s must be readable and writable by user %u: %s", key, path,
		    (unsigned)geteuid(), strerror(errno));
		return false;
	}
	return true;
}

char *
yaml_resolve_path(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	char *directory = NULL;
	char *resolved;
	int size;

	if (path[0] == '/') {
		size = asprintf(&resolved, "%s", path);
	} else {
		if (file[0] != '/' && (directory = getcwd(NULL, 0)) == NULL)
			abort(); /* started in a directory that is gone */
		size = asprintf(&resolved, "%s%s%.*s%s", directory != NULL ? directory : "",
		    directory != NULL ? "/" : "", slash != NULL ? (int)(slash - file) + 1 : 0, file,
		    path);
	}
	free(directory);
	if (size < 0)
		abort();
	return resolved;
}

/* O_NONBLOCK: a pipe in the place of a file must not stop the program. */
static int
open_regular(const char *file, unsigned line, const char *key, const char *path,
    struct faults *faults, struct stat *st)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *wrong = NULL;
	char mend[80] = "";

	if (fd < 0 && errno == EACCES)
		(void)snprintf(mend, sizeof(mend),
		    "; user %u must be able to, without capabilities", (unsigned)geteuid());
	if (fd < 0 || fstat(fd, st) != 0)
		wrong = strerror(errno);
	else if (!S_ISREG(st->st_mode))
		wrong = "it must be a regular file";
	if (wrong == NULL)
		return fd;
	if (key != NULL)
		faults_add(
		    faults, file, line, "\"%s\": cannot read %s: %s%s", key, path, wrong, mend);
	else
		faults_add(faults, file, line, "cannot read it: %s%s", wrong, mend);
	if (fd >= 0)
		close(fd);
	return -1;
}
