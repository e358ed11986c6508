#include "collector/subject/process_scan.h"
#include "collector/ground/small_file.h"
#include "collector/subject/threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/encoding.h"

#define CGROUP_SIZE_MAX (256 * 1024) /* bytes: a dozen hierarchies with paths of 4 KiB each */
#define NAMED_MAX       8            /* processes named in a complaint */

/*
 * A program that starts another has, between fork and execve, a child that looks the same. Several
 * processes are believed only if they are still there at the last look.
 */
#define LOOKS_MAX           4
#define LOOK_AGAIN_AFTER_MS 25

enum scan_answer { SCAN_NO, SCAN_YES, SCAN_MAY_NOT_LOOK };

struct scan {
	/* what is looked for */
	const char *unit;
	const char *path;
	char resolved[PATH_MAX]; /* `path` without symbolic links */
	bool has_file;           /* there is a file at `path` now: */
	dev_t device;
	ino_t inode;
	/* what was found */
	size_t count;
	pid_t pids[NAMED_MAX]; /* the first ones */
	pid_t first;           /* the one that started first */
	uint64_t first_ticks;
	size_t hidden; /* processes that could not be looked at */
};

static enum err scan_all(struct scan *s, struct trouble *t);
static void scan_count(struct scan *s, int dir, pid_t pid);
static enum scan_answer scan_matches(const struct scan *s, int dir);
static enum scan_answer program_matches(const struct scan *s, int dir);
static bool name_matches(const struct scan *s, struct view name);
static enum err open_found(const struct scan *s, pid_t pid, struct process *out, struct trouble *t);
static enum err complain_none(const struct scan *s, const char *name, struct trouble *t);
static bool is_script(const char *path);
static enum err complain_several(const struct scan *s, struct trouble *t);

enum err
process_scan_executable(const char *path, struct process *out, struct trouble *t)
{
	const struct timespec pause = {0, LOOK_AGAIN_AFTER_MS * 1000000L};
	struct scan s;
	struct stat file;
	enum err e;

	for (unsigned look = 1;; look++) {
		memset(&s, 0, sizeof(s));
		s.path = path;
		if (realpath(path, s.resolved) == NULL)
			s.resolved[0] = '\0';
		if (stat(path, &file) == 0) {
			s.has_file = true;
			s.device = file.st_dev;
			s.inode = file.st_ino;
		}
		if ((e = scan_all(&s, t)) != ERR_OK)
			return e;
		if (s.count <= 1 || look == LOOKS_MAX)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (s.count == 0)
		return complain_none(&s, path, t);
	if (s.count > 1)
		return complain_several(&s, t);
	return open_found(&s, s.pids[0], out, t);
}

enum err
process_scan_unit(const char *unit, struct process *out, struct trouble *t)
{
	struct scan s;
	enum err e;

	memset(&s, 0, sizeof(s));
	s.unit = unit;
	if ((e = scan_all(&s, t)) != ERR_OK)
		return e;
	if (s.count == 0)
		return complain_none(&s, unit, t);
	return open_found(&s, s.first, out, t);
}

bool
process_scan_is_in_unit(int dir, const char *unit)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	bool yes = false;

	if (small_file_read(dir, "cgroup", CGROUP_SIZE_MAX, &text) == ERR_OK) {
		rest = buf_view(&text);
		while (!yes && line_next(&rest, &line) == ERR_OK)
			yes = process_cgroup_in_unit(line, unit);
	}
	buf_free(&text);
	return yes;
}

static enum err
scan_all(struct scan *s, struct trouble *t)
{
	struct dirent *entry;
	uint64_t number;
	DIR *proc;
	int dir;

	if ((proc = opendir("/proc")) == NULL)
		return trouble_set(t, ERR_IO, "/proc: %s", strerror(errno));
	while ((entry = readdir(proc)) != NULL) {
		if (decimal_decode(view_of_string(entry->d_name), &number) != ERR_OK ||
		    number > INT_MAX)
			continue;
		dir = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue; /* it has just ended */
		scan_count(s, dir, (pid_t)number);
		(void)close(dir);
	}
	(void)closedir(proc);
	return ERR_OK;
}

static void
scan_count(struct scan *s, int dir, pid_t pid)
{
	struct buf text = BUF_INIT;
	struct procfs_stat stat;
	enum scan_answer answer = scan_matches(s, dir);

	if (answer == SCAN_MAY_NOT_LOOK)
		s->hidden++;
	if (answer != SCAN_YES)
		return;
	if (small_file_read(dir, "stat", 4096, &text) == ERR_OK &&
	    procfs_stat_parse(buf_view(&text), &stat) == ERR_OK) {
		if (s->count == 0 || stat.start_ticks < s->first_ticks ||
		    (stat.start_ticks == s->first_ticks && pid < s->first)) {
			s->first = pid;
			s->first_ticks = stat.start_ticks;
		}
		if (s->count < NAMED_MAX)
			s->pids[s->count] = pid;
		s->count++;
	}
	buf_free(&text);
}

static enum scan_answer
scan_matches(const struct scan *s, int dir)
{
	if (s->unit == NULL)
		return program_matches(s, dir);
	return process_scan_is_in_unit(dir, s->unit) ? SCAN_YES : SCAN_NO;
}

static enum scan_answer
program_matches(const struct scan *s, int dir)
{
	struct buf name = BUF_INIT;
	enum scan_answer answer = SCAN_NO;
	struct stat program;
	int living;
	enum err e = threads_open_living(dir, &living);

	if (e == ERR_OK)
		e = procfs_read_link(living, "exe", &name);
	if (e == ERR_IO && (errno == EACCES || errno == EPERM))
		answer = SCAN_MAY_NOT_LOOK;
	if (e == ERR_OK && name_matches(s, buf_view(&name)))
		answer = SCAN_YES;
	if (e == ERR_OK && answer == SCAN_NO && s->has_file &&
	    fstatat(living, "exe", &program, 0) == 0 && program.st_dev == s->device &&
	    program.st_ino == s->inode)
		answer = SCAN_YES;
	if (living >= 0)
		(void)close(living);
	buf_free(&name);
	return answer;
}

static bool
name_matches(const struct scan *s, struct view name)
{
	static const char deleted[] = " (deleted)";
	const size_t size = sizeof(deleted) - 1;
	struct view bare = name;

	if (bare.size > size && memcmp(bare.data + bare.size - size, deleted, size) == 0)
		bare.size -= size;
	return view_equal(name, view_of_string(s->path)) ||
	       view_equal(bare, view_of_string(s->path)) ||
	       (s->resolved[0] != '\0' && (view_equal(name, view_of_string(s->resolved)) ||
					      view_equal(bare, view_of_string(s->resolved))));
}

/* Between the look and the pin the number may have gone to another process: look once more. */
static enum err
open_found(const struct scan *s, pid_t pid, struct process *out, struct trouble *t)
{
	enum err e = process_open(pid, out, t);

	if (e == ERR_OK && scan_matches(s, out->dir) != SCAN_YES) {
		process_close(out);
		e = trouble_set(t, ERR_NOT_FOUND, "process %d has just ended", (int)pid);
	}
	return e;
}

static enum err
complain_none(const struct scan *s, const char *name, struct trouble *t)
{
	if (s->path != NULL && is_script(s->path))
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process runs %s, which is a script: its process runs the interpreter; "
		    "name it by `pid_file` or `unit`, and measure the script by `files`",
		    name);
	if (s->path != NULL && access(s->path, F_OK) != 0 && errno == ENOENT)
		return trouble_set(
		    t, ERR_NOT_FOUND, "no process runs %s, and there is no such file", name);
	if (s->hidden > 0)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process runs %s; the processes that could not be looked at are %zu: run "
		    "the "
		    "collector as root or with CAP_SYS_PTRACE",
		    name, s->hidden);
	if (s->unit != NULL)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process is in the control group of the systemd unit %s; is it started?",
		    name);
	return trouble_set(t, ERR_NOT_FOUND, "no process runs %s; is it started?", name);
}

/* Only asked when nothing was found: to say why. */
static bool
is_script(const char *path)
{
	char begin[2];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool yes;

	if (fd < 0)
		return false;
	yes = read(fd, begin, sizeof(begin)) == (ssize_t)sizeof(begin) && begin[0] == '#' &&
	      begin[1] == '!';
	(void)close(fd);
	return yes;
}

static enum err
complain_several(const struct scan *s, struct trouble *t)
{
	struct buf list = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < s->count && i < NAMED_MAX; i++)
		buf_append_format(&list, "%s%d", i == 0 ? "" : ", ", (int)s->pids[i]);
	buf_append_format(&list, "%s", s->count > NAMED_MAX ? ", ..." : "");
	buf_append_byte(&list, '\0');
	e = trouble_set(t, ERR_MISMATCH,
	    "%zu processes run %s (%s); name the one that is meant by `pid_file` or `unit`",
	    s->count, s->path, list.failed ? "?" : (const char *)list.data);
	buf_free(&list);
	return e;
}
