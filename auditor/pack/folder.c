/*
 * The other half of parcel.h: the process that writes what the auditor hands over, as a folder and
 * as an archive. It reads the pipe, and nothing else; what it is handed has names of one form.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditor/pack/parcel.h"
#include "log/outcome.h"

#define FILE_SIZE_MAX (1ULL << 30) /* bytes, of one file; it is in memory twice */
#define ZIP_SUFFIX    ".zip"
#define ZIPPER        "bsdtar"

/* What the process that writes has; it reads the pipe, and nothing else. */
struct folder {
	FILE *from;
	const char *path;
	int dir; /* of the folder */
};

static int receive(const char *out, bool zip, int from, pid_t auditor);
static bool open_all(struct folder *f, bool zip);
static bool take_all(struct folder *f);
static bool take_name(struct folder *f, char name[PARCEL_NAME_MAX + 1]);
static bool take_file(struct folder *f, const char *name);
static bool write_file(struct folder *f, const char *name, struct view content);
static bool make_zip(const char *path);
static bool fail(const char *path, const char *why);

void
parcel_begin(const char *out, bool zip, FILE **to)
{
	int ends[2];
	pid_t auditor;

	*to = NULL;
	if (pipe2(ends, O_CLOEXEC) != 0 || (auditor = fork()) < 0) {
		(void)fail(out, strerror(errno));
		return;
	}
	if (auditor > 0) {
		close(ends[1]);
		_exit(receive(out, zip, ends[0], auditor));
	}
	close(ends[0]);
	*to = fdopen(ends[1], "w");
}

/* An auditor that found nothing to hand over has said why: then nothing is made. */
static int
receive(const char *out, bool zip, int from, pid_t auditor)
{
	struct folder f = {.from = fdopen(from, "r"), .path = out, .dir = -1};
	bool good = f.from != NULL;
	int status = 0, first = good ? fgetc(f.from) : EOF;

	if (first != EOF) {
		(void)ungetc(first, f.from);
		good = open_all(&f, zip) && take_all(&f) && (!zip || make_zip(out));
	}
	if (f.from != NULL)
		(void)fclose(f.from);
	while (waitpid(auditor, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		return OUTCOME_UNKNOWN;
	return good || WEXITSTATUS(status) == OUTCOME_BAD ? WEXITSTATUS(status) : OUTCOME_UNKNOWN;
}

static bool
open_all(struct folder *f, bool zip)
{
	static const char *const folders[] = {
	    "receipts", "checkpoints", "certificates", "keys", "policies", "statements"};
	char name[PATH_MAX];

	if (mkdir(f->path, 0755) != 0 ||
	    (f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fail(f->path, strerror(errno));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdirat(f->dir, folders[i], 0755) != 0)
			return fail(f->path, strerror(errno));
	if (!zip)
		return true;
	if (f->path[strlen(f->path) - 1] == '/')
		return fail(
		    f->path, "what is to be a zip, too, is named without a slash at the end");
	if (snprintf(name, sizeof(name), "%s" ZIP_SUFFIX, f->path) >= (int)sizeof(name))
		return fail(f->path, "the name of its zip is too long");
	if (access(name, F_OK) == 0)
		return fail(name, strerror(EEXIST));
	return true;
}

static bool
take_all(struct folder *f)
{
	char name[PARCEL_NAME_MAX + 1];

	for (;;) {
		if (!take_name(f, name))
			return fail(
			    f->path, "it is not whole: what the auditor said ends too early");
		if (name[0] == '\0')
			return true;
		if (!take_file(f, name))
			return false;
	}
}

static bool
take_name(struct folder *f, char name[PARCEL_NAME_MAX + 1])
{
	int c;

	for (size_t i = 0; i <= PARCEL_NAME_MAX; i++) {
		if ((c = fgetc(f->from)) == EOF)
			return false;
		name[i] = (char)c;
		if (c == '\0')
			return true;
	}
	return false;
}

static bool
take_file(struct folder *f, const char *name)
{
	struct buf content = BUF_INIT;
	uint8_t head[8], *room = NULL;
	uint64_t size = FILE_SIZE_MAX + 1;
	bool good = fread(head, 1, sizeof(head), f->from) == sizeof(head);

	/* The auditor has read what others wrote: a name leads nowhere else. */
	if (name[0] == '/' || strstr(name, "..") != NULL)
		return fail(f->path, "a file would lie outside");
	if (good)
		size = be64_get(head);
	good = good && size <= FILE_SIZE_MAX &&
	       (size == 0 || ((room = buf_reserve(&content, (size_t)size)) != NULL &&
				 fread(room, 1, (size_t)size, f->from) == size));
	if (good)
		content.size = (size_t)size;
	if (!good)
		good = fail(f->path, "it is not whole: a file is missing or too large");
	else
		good = write_file(f, name, buf_view(&content));
	buf_free(&content);
	return good;
}

static bool
write_file(struct folder *f, const char *name, struct view content)
{
	const int fd =
	    openat(f->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	size_t done = 0;
	ssize_t put = 1;

	while (fd >= 0 && put > 0 && done < content.size) {
		put = write(fd, content.data + done, content.size - done);
		done += put > 0 ? (size_t)put : 0;
	}
	if (fd >= 0 && done == content.size && close(fd) == 0)
		return true;
	return fail(name, strerror(errno));
}

/* Of the whole folder, under its own name, by libarchive's program: the auditor needs none of it.
 */
static bool
make_zip(const char *path)
{
	const char *slash = strrchr(path, '/');
	char zip[PATH_MAX], parent[PATH_MAX];
	int status = -1;
	pid_t child;

	(void)snprintf(zip, sizeof(zip), "%s" ZIP_SUFFIX, path);
	(void)snprintf(parent, sizeof(parent), "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
	    slash != NULL ? path : ".");
	if ((child = fork()) < 0)
		return fail(zip, strerror(errno));
	if (child == 0) {
		(void)execlp(ZIPPER, ZIPPER, "--format", "zip", "-cf", zip, "-C", parent, "--",
		    slash != NULL ? slash + 1 : path, (char *)NULL);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return fail(zip, WIFEXITED(status) && WEXITSTATUS(status) == 127
			     ? "there is no " ZIPPER
			       " (package libarchive-tools); the folder is whole"
			     : ZIPPER " could not make it; the folder is whole");
}

static bool
fail(const char *path, const char *why)
{
	(void)fprintf(
	    stderr, "hallmark-audit: %s: %s\n", path, why != NULL ? why : "cannot be written");
	return false;
}
