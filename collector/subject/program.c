#include "collector/subject/program.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/ground/small_file.h"
#include "collector/subject/account.h"
#include "collector/subject/host_root.h"
#include "collector/subject/procfs.h"
#include "collector/subject/threads.h"
#include "proto/encoding.h"

#define ARGUMENTS_SIZE_MAX (16 * 1024 * 1024) /* bytes of a cmdline */

static enum err runs_it(const struct program *p, int dir, bool *yes);
static bool is_file(const struct program *p, int dir);
static bool is_named(const struct program *p, struct view name);
static enum err is_users(const struct program *p, int dir, bool *yes);
static enum err has_arguments(const struct program *p, int dir, bool *yes);
static bool one_matches(struct view strings, const char *pattern);
static void users_words(const struct program *p, char *words, size_t size);
static bool is_script(const struct program *p);

enum err
program_begin(const struct collector_workload *w, struct program *out, struct trouble *t)
{
	enum err e;

	memset(out, 0, sizeof(*out));
	out->workload = w;
	out->root = -1;
	if ((e = host_root_open(w->host_root, &out->root, t)) != ERR_OK)
		return e;
	out->has_file = host_root_find(out->root, w->executable, &out->file, out->resolved,
			    sizeof(out->resolved)) == ERR_OK;
	return w->user != NULL ? account_find(w->host_root, w->user, &out->user, t) : ERR_OK;
}

void
program_end(struct program *p)
{
	if (p->root >= 0)
		(void)close(p->root);
	p->root = -1;
}

enum err
program_visit(void *context, int dir, struct process_entry *entry)
{
	const struct program *p = context;
	bool yes = false;
	enum err e = runs_it(p, dir, &yes);

	if (e == ERR_OK && yes && (e = is_users(p, dir, &yes)) == ERR_OK) {
		entry->mark = yes ? PROCESS_YES : PROCESS_STRANGER;
		if (yes && p->workload->argument_count > 0 &&
		    (e = has_arguments(p, dir, &yes)) == ERR_OK && !yes)
			entry->mark = PROCESS_OTHER_ARGUMENTS;
	}
	/* For what has just ended the kernel has more than one error. */
	if (e == ERR_IO)
		entry->mark = PROCESS_HIDDEN;
	/* A process of the kernel runs nothing. */
	return e == ERR_IO || e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
program_complain_none(const struct program *p, const struct process_table *table, struct trouble *t)
{
	const char *name = p->workload->executable;
	size_t count;
	char users[64];

	users_words(p, users, sizeof(users));
	if (is_script(p))
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process runs %s, which is a script: its process runs the interpreter; "
		    "name it by `pid_file` or `unit`, and measure the script by `files`",
		    name);
	if ((count = process_table_count(table, PROCESS_OTHER_ARGUMENTS)) > 0)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process runs %s with `arguments`; %zu do with others", name, count);
	if ((count = process_table_count(table, PROCESS_STRANGER)) > 0)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process of %s runs %s; %zu of others do, which count for nothing: `user` "
		    "says whose it is",
		    users, name, count);
	if (!p->has_file)
		return trouble_set(
		    t, ERR_NOT_FOUND, "no process runs %s, and there is no such file", name);
	if ((count = process_table_count(table, PROCESS_HIDDEN)) > 0)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process runs %s; the processes that could not be looked at are %zu: run "
		    "the collector as root or with CAP_SYS_PTRACE",
		    name, count);
	return trouble_set(t, ERR_NOT_FOUND, "no process runs %s; is it started?", name);
}

/*
 * What lies deeper than a path can say has no name that is told, nor one that is meant: who runs
 * it, and anybody may, is in nobody's way.
 */
static enum err
runs_it(const struct program *p, int dir, bool *yes)
{
	struct buf name = BUF_INIT;
	int living;
	enum err e = threads_open_living(dir, &living);

	*yes = false;
	if (e == ERR_OK && (e = procfs_read_link(living, "exe", &name)) == ERR_FORMAT_SIZE)
		e = ERR_OK;
	if (e == ERR_OK)
		*yes = is_file(p, living) ||
		       (is_named(p, buf_view(&name)) && host_root_is_of(p->root, living));
	if (living >= 0)
		(void)close(living);
	buf_free(&name);
	return e;
}

/*
 * This is asked of every process of the host. What a file system knows without asking anybody will
 * do: one that does not answer, of a network or of a user's making, holds up nobody here.
 */
static bool
is_file(const struct program *p, int dir)
{
	struct statx s;

	return p->has_file && statx(dir, "exe", AT_STATX_DONT_SYNC, STATX_INO, &s) == 0 &&
	       makedev(s.stx_dev_major, s.stx_dev_minor) == p->file.st_dev &&
	       s.stx_ino == p->file.st_ino;
}

static bool
is_named(const struct program *p, struct view name)
{
	static const char deleted[] = " (deleted)";
	const char *const names[] = {p->workload->executable, p->resolved};
	const size_t size = sizeof(deleted) - 1;
	struct view bare = name;

	if (bare.size > size && memcmp(bare.data + bare.size - size, deleted, size) == 0)
		bare.size -= size;
	for (size_t i = 0; i < 2; i++)
		if (names[i][0] != '\0' && (view_equal(name, view_of_string(names[i])) ||
					       view_equal(bare, view_of_string(names[i]))))
			return true;
	return false;
}

static enum err
is_users(const struct program *p, int dir, bool *yes)
{
	struct account_ids ids;
	const enum err e = account_of_process(dir, &ids);

	if (e != ERR_OK)
		return e;
	if (p->workload->user != NULL)
		*yes = account_is(&ids, p->user);
	else
		*yes = account_is(&ids, 0) || (p->has_file && account_is(&ids, p->file.st_uid));
	return ERR_OK;
}

static enum err
has_arguments(const struct program *p, int dir, bool *yes)
{
	const struct collector_workload *w = p->workload;
	struct buf text = BUF_INIT;
	enum err e = small_file_read(dir, "cmdline", ARGUMENTS_SIZE_MAX, &text);

	*yes = e == ERR_OK;
	/* fnmatch wants strings, and the last one may lack its end. */
	buf_append_byte(&text, '\0');
	if (e == ERR_OK)
		e = buf_status(&text);
	for (size_t i = 0; e == ERR_OK && *yes && i < w->argument_count; i++)
		*yes = one_matches(buf_view(&text), w->arguments[i]);
	buf_free(&text);
	return e == ERR_FORMAT_SIZE ? ERR_OK : e;
}

static bool
one_matches(struct view strings, const char *pattern)
{
	struct view one;

	while (procfs_next_string(&strings, &one))
		if (fnmatch(pattern, (const char *)one.data, 0) == 0)
			return true;
	return false;
}

static void
users_words(const struct program *p, char *words, size_t size)
{
	if (p->workload->user != NULL)
		(void)snprintf(words, size, "user %.32s", p->workload->user);
	else if (p->has_file && p->file.st_uid != 0)
		(void)snprintf(words, size, "root or user %u", (unsigned)p->file.st_uid);
	else
		(void)snprintf(words, size, "root");
}

/* Only asked when nothing was found: to say why. */
static bool
is_script(const struct program *p)
{
	char begin[2];
	bool yes;
	int fd;

	if (rooted_open(p->root, p->workload->executable, 0, &fd) != ERR_OK)
		return false;
	yes = read(fd, begin, sizeof(begin)) == (ssize_t)sizeof(begin) && begin[0] == '#' &&
	      begin[1] == '!';
	(void)close(fd);
	return yes;
}
