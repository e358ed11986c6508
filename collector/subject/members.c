#include "collector/subject/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "collector/subject/process_scan.h"
#include "proto/encoding.h"

#define STAT_SIZE_MAX 4096 /* bytes: 52 numbers and a name */

/* A process as one reading of /proc has it. */
struct relative {
	pid_t pid;
	pid_t parent;
	uint64_t start_ticks;
	bool belongs;
	bool in_unit;
};

struct listing {
	struct relative *list; /* sorted by pid */
	size_t count;
	size_t capacity;
	bool missed; /* a process ended before it was looked at */
};

static enum err list_all(const char *unit, struct listing *out, struct trouble *t);
static enum err list_one(DIR *proc, const char *name, const char *unit, struct listing *out);
static void choose(const struct collector_workload *w, pid_t main, struct listing *l);
static struct relative *find(const struct listing *l, pid_t pid);
static int by_pid(const void *a, const void *b);

enum err
members_find(const struct collector_workload *w, const struct process *main, struct members *out,
    struct trouble *t)
{
	struct listing l = {.missed = true};
	enum err e = ERR_OK;

	memset(out, 0, sizeof(*out));
	for (unsigned listing = 0; e == ERR_OK && l.missed && listing < MEMBERS_LISTINGS_MAX;
	     listing++) {
		l.count = 0;
		l.missed = false;
		e = list_all(w->unit, &l, t);
	}
	if (e == ERR_OK)
		choose(w, main->pid, &l);
	if (e == ERR_OK && (out->list = calloc(l.count + 1, sizeof(*out->list))) == NULL)
		e = ERR_MEMORY;
	for (size_t i = 0; e == ERR_OK && i < l.count; i++)
		if (l.list[i].belongs && l.list[i].pid != main->pid) {
			out->list[out->count].pid = l.list[i].pid;
			out->list[out->count++].start_ticks = l.list[i].start_ticks;
		}
	free(l.list);
	if (e == ERR_OK && out->count > MEMBERS_MAX)
		e = trouble_set(t, ERR_FORMAT_SIZE, "workload %s has more than %d processes",
		    w->name, MEMBERS_MAX);
	if (e != ERR_OK)
		members_free(out);
	return e;
}

void
members_free(struct members *m)
{
	free(m->list);
	memset(m, 0, sizeof(*m));
}

enum err
member_open(const struct member *m, struct process *out, struct trouble *t)
{
	enum err e = process_open(m->pid, out, t);

	/* What has just ended may not be looked at, the kernel says: then, a moment later, it is
	 * gone. */
	if (e == ERR_IO)
		e = process_open(m->pid, out, t);
	if (e == ERR_OK && out->identity.stat.start_ticks != m->start_ticks) {
		process_close(out); /* the number went to another process */
		return ERR_NOT_FOUND;
	}
	return e;
}

static enum err
list_all(const char *unit, struct listing *out, struct trouble *t)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	enum err e = ERR_OK;

	if (proc == NULL)
		return trouble_set(t, ERR_IO, "/proc: %s", strerror(errno));
	while (e == ERR_OK && (entry = readdir(proc)) != NULL)
		e = list_one(proc, entry->d_name, unit, out);
	(void)closedir(proc);
	if (out->count > 0)
		qsort(out->list, out->count, sizeof(*out->list), by_pid);
	return e;
}

static enum err
list_one(DIR *proc, const char *name, const char *unit, struct listing *out)
{
	struct relative r = {.belongs = false};
	struct procfs_stat stat;
	struct buf text = BUF_INIT;
	struct relative *grown;
	uint64_t number;
	enum err e;
	int dir;

	if (decimal_decode(view_of_string(name), &number) != ERR_OK || number > INT_MAX)
		return ERR_OK;
	if ((dir = openat(dirfd(proc), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		out->missed = true;
		return ERR_OK;
	}
	if ((e = small_file_read(dir, "stat", STAT_SIZE_MAX, &text)) == ERR_OK &&
	    (e = procfs_stat_parse(buf_view(&text), &stat)) == ERR_OK) {
		r.pid = (pid_t)number;
		r.parent = stat.parent;
		r.start_ticks = stat.start_ticks;
		r.in_unit = unit != NULL && process_scan_is_in_unit(dir, unit);
	}
	buf_free(&text);
	(void)close(dir);
	if (e == ERR_NOT_FOUND) {
		out->missed = true;
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (out->count == out->capacity) {
		out->capacity = out->capacity == 0 ? 256 : 2 * out->capacity;
		if ((grown = reallocarray(out->list, out->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		out->list = grown;
	}
	out->list[out->count++] = r;
	return ERR_OK;
}

/* Generation after generation, until there is none more. */
static void
choose(const struct collector_workload *w, pid_t main, struct listing *l)
{
	bool more = true;

	for (size_t i = 0; i < l->count; i++)
		l->list[i].belongs = l->list[i].pid == main || l->list[i].in_unit;
	while (more && w->unit == NULL) {
		more = false;
		for (size_t i = 0; i < l->count; i++) {
			const struct relative *parent = find(l, l->list[i].parent);

			if (!l->list[i].belongs && parent != NULL && parent->belongs)
				l->list[i].belongs = more = true;
		}
	}
}

static struct relative *
find(const struct listing *l, pid_t pid)
{
	const struct relative key = {.pid = pid};

	return l->count > 0 ? bsearch(&key, l->list, l->count, sizeof(key), by_pid) : NULL;
}

static int
by_pid(const void *a, const void *b)
{
	const pid_t x = ((const struct relative *)a)->pid, y = ((const struct relative *)b)->pid;

	return (x > y) - (x < y);
}
