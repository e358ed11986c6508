#include "collector/subject/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/ground/small_file.h"
#include "collector/subject/host_root.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

#define PID_FILE_SIZE_MAX 4096 /* bytes: a number, and lines of the program's own behind it */
#define STATUS_SIZE_MAX   (64 * 1024) /* bytes */

static enum err read_number(const char *host_root, const char *path, struct stat *attributes,
    pid_t *out, struct trouble *t);
static int look_at(int root, const char *path);
static enum err check_attributes(const char *path, const struct stat *s, struct trouble *t);
static enum err read_leader(int dir, pid_t *leader, uint64_t *user);
static bool is_white(uint8_t byte);

enum err
pid_file_find(const char *host_root, const char *path, struct process *out, struct trouble *t)
{
	struct trouble numbered = TROUBLE_INIT; /* not told: it quotes the number */
	struct stat attributes = {0};
	uint64_t user = 0;
	pid_t pid = 0, leader = 0;
	enum err e;

	if ((e = read_number(host_root, path, &attributes, &pid, t)) != ERR_OK)
		return e;
	if ((e = process_open(pid, out, &numbered)) == ERR_NOT_FOUND)
		return trouble_set(
		    t, e, "pid file %s: there is no process of its number; is it started?", path);
	if (e != ERR_OK)
		return trouble_set(t, e,
		    "pid file %s: its process cannot be looked at; run the collector as root or "
		    "with CAP_SYS_PTRACE",
		    path);
	if ((e = read_leader(out->dir, &leader, &user)) != ERR_OK)
		e = trouble_set(t, e, "pid file %s: its process has ended", path);
	else if (leader != pid) /* /proc/TID can be opened for every thread */
		e = trouble_set(t, ERR_MISMATCH,
		    "pid file %s: its number is a thread of a process, not a process", path);
	else if (attributes.st_uid != 0 && attributes.st_uid != user)
		e = trouble_set(t, ERR_MISMATCH,
		    "pid file %s: it belongs to user %u, neither root nor the user of its process",
		    path, (unsigned)attributes.st_uid);
	if (e != ERR_OK)
		process_close(out);
	return e;
}

enum err
pid_file_parse(struct view text, pid_t *out)
{
	const uint8_t *end = text.size > 0 ? memchr(text.data, '\n', text.size) : NULL;
	uint64_t number;

	if (end != NULL)
		text.size = (size_t)(end - text.data);
	while (text.size > 0 && is_white(text.data[0]))
		text = (struct view){text.data + 1, text.size - 1};
	while (text.size > 0 && is_white(text.data[text.size - 1]))
		text.size--;
	if (decimal_decode(text, &number) != ERR_OK || number == 0 || number > INT_MAX)
		return ERR_FORMAT;
	*out = (pid_t)number;
	return ERR_OK;
}

/* What is opened first is only looked at: to open a device for reading can do something. */
static enum err
read_number(
    const char *host_root, const char *path, struct stat *attributes, pid_t *out, struct trouble *t)
{
	struct buf text = BUF_INIT;
	char opened[32];
	int root, fd;
	enum err e;

	if ((e = host_root_open(host_root, &root, t)) != ERR_OK)
		return e;
	if ((fd = look_at(root, path)) < 0 || fstat(fd, attributes) != 0) {
		e = trouble_set(t, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "pid file %s: %s%s",
		    path, strerror(errno), errno == ENOENT ? "; is it started?" : "");
	} else if ((e = check_attributes(path, attributes, t)) == ERR_OK) {
		(void)snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
		if ((e = small_file_read(AT_FDCWD, opened, PID_FILE_SIZE_MAX, &text)) != ERR_OK)
			e = trouble_set(t, e, "pid file %s: %s", path,
			    e == ERR_FORMAT_SIZE ? "longer than any pid file" : strerror(errno));
		else if ((e = pid_file_parse(buf_view(&text), out)) != ERR_OK)
			e = trouble_set(t, e,
			    "pid file %s: expected one process number and nothing else in its "
			    "first line, of %zu bytes in all",
			    path, text.size);
	}
	buf_free(&text);
	if (fd >= 0)
		(void)close(fd);
	(void)close(root);
	return e;
}

/* Gives O_PATH, or -1 with errno. */
static int
look_at(int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	int above, fd, reason;

	if (slash == NULL || strlen(path) >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(directory, path, strlen(path) + 1);
	directory[slash - path] = '\0';
	if (rooted_open(root, directory, O_PATH | O_DIRECTORY, &above) != ERR_OK)
		return -1;
	fd = openat(above, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	reason = errno;
	(void)close(above);
	errno = reason;
	return fd;
}

static enum err
check_attributes(const char *path, const struct stat *s, struct trouble *t)
{
	if (S_ISLNK(s->st_mode))
		return trouble_set(t, ERR_MISMATCH,
		    "pid file %s: a symbolic link; name the file that it leads to", path);
	if (!S_ISREG(s->st_mode))
		return trouble_set(t, ERR_MISMATCH, "pid file %s: no regular file", path);
	if ((s->st_mode & S_IWOTH) != 0)
		return trouble_set(t, ERR_MISMATCH, "pid file %s: everybody may write it", path);
	return ERR_OK;
}

/* The leader of the threads, and its effective user: the second number of four. */
static enum err
read_leader(int dir, pid_t *leader, uint64_t *user)
{
	struct buf text = BUF_INIT;
	struct view value, word = {NULL, 0};
	enum err e = small_file_read_made(dir, "status", STATUS_SIZE_MAX, &text);

	if (e == ERR_OK &&
	    (!procfs_status_field(buf_view(&text), "Tgid", &value) ||
		pid_file_parse(value, leader) != ERR_OK ||
		!procfs_status_field(buf_view(&text), "Uid", &value) ||
		!procfs_next_word(&value, &word) || !procfs_next_word(&value, &word) ||
		decimal_decode(word, user) != ERR_OK || *user > UINT_MAX))
		e = ERR_FORMAT;
	buf_free(&text);
	return e;
}

/* Not a zero byte, of which a file is full that a crash cut off. */
static bool
is_white(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}
