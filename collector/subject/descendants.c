#include "collector/subject/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

#define LIST_SIZE_MAX (16 * (DESCENDANTS_MAX + 1)) /* bytes: a number each, and a blank */

struct listing {
	struct process_entry list[DESCENDANTS_MAX + 1]; /* first `main`; parents before children */
	size_t count;
};

static enum err list_all(pid_t main, struct listing *out);
static enum err list_below(struct listing *l, struct process_entry *one);
static enum err list_of_threads(struct listing *l, int process, pid_t parent);
static enum err take_children(struct listing *l, struct view text, pid_t parent);
static bool are_same(const struct listing *a, const struct listing *b);

enum err
descendants_read(pid_t main, struct process_table *out)
{
	struct listing listings[2] = {{.count = 0}, {.count = 0}};
	enum err e = ERR_CHANGED;

	for (unsigned i = 0; e == ERR_CHANGED && i < DESCENDANTS_LISTINGS_MAX; i++) {
		struct listing *now = &listings[i % 2], *before = &listings[(i + 1) % 2];

		if ((e = list_all(main, now)) == ERR_CHANGED)
			now->count = 0;
		else if (e == ERR_OK && !are_same(now, before))
			e = ERR_CHANGED;
		else if (e == ERR_OK)
			return process_table_of(now->list, now->count, out);
	}
	return e == ERR_MEMORY ? e : ERR_UNSUPPORTED;
}

/* ERR_CHANGED: one ended meanwhile. */
static enum err
list_all(pid_t main, struct listing *out)
{
	enum err e = ERR_OK;

	out->list[0] = (struct process_entry){.pid = main, .mark = PROCESS_YES};
	out->count = 1;
	for (size_t i = 0; e == ERR_OK && i < out->count; i++)
		e = list_below(out, &out->list[i]);
	return e;
}

/* Notes what it is, and appends its children. */
static enum err
list_below(struct listing *l, struct process_entry *one)
{
	struct procfs_stat stat;
	char path[32];
	enum err e;
	int dir;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)one->pid);
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_CHANGED;
	if ((e = procfs_read_stat(dir, &stat)) == ERR_OK) {
		one->start_ticks = stat.start_ticks;
		if (one != l->list && stat.parent != one->parent)
			e = ERR_CHANGED;
		one->parent = stat.parent;
	}
	if (e == ERR_OK)
		e = list_of_threads(l, dir, one->pid);
	(void)close(dir);
	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

static enum err
list_of_threads(struct listing *l, int process, pid_t parent)
{
	const int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *threads = fd >= 0 ? fdopendir(fd) : NULL;
	char name[sizeof("/children") + NAME_MAX];
	struct buf text = BUF_INIT;
	struct dirent *entry;
	enum err e = ERR_OK;

	if (threads == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return ERR_CHANGED;
	}
	while (e == ERR_OK && (entry = readdir(threads)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/children", entry->d_name);
		buf_clear(&text);
		if ((e = small_file_read(fd, name, LIST_SIZE_MAX, &text)) == ERR_OK)
			e = take_children(l, buf_view(&text), parent);
	}
	buf_free(&text);
	(void)closedir(threads);
	return e;
}

static enum err
take_children(struct listing *l, struct view text, pid_t parent)
{
	struct view word;
	uint64_t number;

	while (procfs_next_word(&text, &word)) {
		if (decimal_decode(word, &number) != ERR_OK || number > INT_MAX)
			return ERR_FORMAT;
		if (l->count > DESCENDANTS_MAX)
			return ERR_FORMAT_SIZE;
		l->list[l->count++] = (struct process_entry){
		    .pid = (pid_t)number, .parent = parent, .mark = PROCESS_YES};
	}
	return ERR_OK;
}

static bool
are_same(const struct listing *a, const struct listing *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].pid != b->list[i].pid || a->list[i].parent != b->list[i].parent ||
		    a->list[i].start_ticks != b->list[i].start_ticks)
			return false;
	return true;
}
