#include "collector/subject/process_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/subject/procfs.h"
#include "proto/encoding.h"

/* How it is read. */
struct reading {
	process_table_visit *visit;
	void *context;
	enum process_table_which which;
	pid_t *seen; /* those that were looked at; sorted up to `sorted` */
	size_t seen_count, seen_capacity, sorted;
};

static enum err read_all(struct reading *r, struct process_table *out, struct trouble *t);
static enum err read_one(struct reading *r, DIR *proc, const char *name, struct process_table *out);
static enum err read_orphans(struct reading *r, struct process_table *out);
static enum err read_again(struct reading *r, struct process_entry *one);
static bool is_seen(const struct reading *r, pid_t pid);
static enum err note_seen(struct reading *r, pid_t pid);
static void forget_seen(struct reading *r, pid_t pid);
static int by_number(const void *a, const void *b);
static enum err look(const struct reading *r, int dir, struct process_entry *out);
static enum err add_above(struct process_table *table, pid_t pid);
static bool look_by_number(pid_t pid, struct process_entry *out);
static enum err append(struct process_table *table, const struct process_entry *entry);
static int by_pid(const void *a, const void *b);

enum err
process_table_read(process_table_visit *visit, void *context, enum process_table_which which,
    struct process_table *out, struct trouble *t)
{
	struct reading r = {visit, context, which, NULL, 0, 0, 0};
	enum err e;

	*out = (struct process_table){.missed = false};
	e = read_all(&r, out, t);
	for (unsigned i = 1; e == ERR_OK && out->missed && i < PROCESS_TABLE_READINGS_MAX; i++) {
		out->missed = false;
		if ((e = read_orphans(&r, out)) != ERR_OK)
			(void)trouble_set(
			    t, e, "/proc: %s", e == ERR_IO ? strerror(errno) : err_text(e));
		else
			e = read_all(&r, out, t);
	}
	free(r.seen);
	if (e != ERR_OK)
		process_table_free(out);
	return e;
}

/* What is added before the place shifts it: one is looked at twice then, and none is passed over.
 */
enum err
process_table_add_parents(struct process_table *table)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < table->count; i++)
		if (table->list[i].mark == PROCESS_YES)
			e = add_above(table, table->list[i].parent);
	return e;
}

static enum err
add_above(struct process_table *table, pid_t pid)
{
	const struct process_entry *found;
	struct process_entry one;
	enum err e;

	for (size_t steps = 0; pid > 0 && steps <= table->count; steps++) {
		if ((found = process_table_find(table, pid)) == NULL) {
			if (!look_by_number(pid, &one))
				return ERR_OK;
			if ((e = append(table, &one)) != ERR_OK)
				return e;
			qsort(table->list, table->count, sizeof(*table->list), by_pid);
			found = process_table_find(table, pid);
		}
		pid = found->parent;
	}
	return ERR_OK;
}

static bool
look_by_number(pid_t pid, struct process_entry *out)
{
	struct procfs_stat stat;
	char path[32];
	bool good;
	int dir;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return false;
	if ((good = procfs_read_stat(dir, &stat) == ERR_OK))
		*out = (struct process_entry){.pid = pid,
		    .parent = stat.parent,
		    .start_ticks = stat.start_ticks,
		    .mark = PROCESS_NONE};
	(void)close(dir);
	return good;
}

enum err
process_table_of(const struct process_entry *list, size_t count, struct process_table *out)
{
	*out = (struct process_table){.count = count, .capacity = count};
	if ((out->list = calloc(count, sizeof(*list))) == NULL)
		return ERR_MEMORY;
	memcpy(out->list, list, count * sizeof(*list));
	qsort(out->list, count, sizeof(*list), by_pid);
	return ERR_OK;
}

void
process_table_free(struct process_table *table)
{
	free(table->list);
	*table = (struct process_table){.list = NULL};
}

struct process_entry *
process_table_find(const struct process_table *table, pid_t pid)
{
	const struct process_entry key = {.pid = pid};

	return table->count > 0 ? bsearch(&key, table->list, table->count, sizeof(key), by_pid)
				: NULL;
}

size_t
process_table_count(const struct process_table *table, enum process_mark mark)
{
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		count += table->list[i].mark == mark;
	return count;
}

/* Numbers are used again while the table is read, so parents might go round in a circle. */
bool
process_table_is_below(const struct process_table *table, const struct process_entry *entry)
{
	for (size_t steps = 0; entry != NULL && steps < table->count; steps++) {
		entry = process_table_find(table, entry->parent);
		if (entry != NULL && entry->mark == PROCESS_YES)
			return true;
	}
	return false;
}

/* Generation after generation, until there is none more. */
void
process_table_mark_below(struct process_table *table)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < table->count; i++) {
			struct process_entry *one = &table->list[i];
			const struct process_entry *parent = process_table_find(table, one->parent);

			if (one->mark != PROCESS_YES && parent != NULL &&
			    parent->mark == PROCESS_YES) {
				one->mark = PROCESS_YES;
				more = true;
			}
		}
	}
}

/* Those that were not looked at yet. */
static enum err
read_all(struct reading *r, struct process_table *out, struct trouble *t)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	enum err e = ERR_OK;

	if (proc == NULL)
		return trouble_set(t, ERR_IO, "/proc: %s", strerror(errno));
	while (e == ERR_OK && (entry = readdir(proc)) != NULL)
		if ((e = read_one(r, proc, entry->d_name, out)) != ERR_OK)
			(void)trouble_set(t, e, "process %s: %s", entry->d_name,
			    e == ERR_IO ? strerror(errno) : err_text(e));
	(void)closedir(proc);
	if (out->count > 0)
		qsort(out->list, out->count, sizeof(*out->list), by_pid);
	if (r->seen_count > 0)
		qsort(r->seen, r->seen_count, sizeof(*r->seen), by_number);
	r->sorted = r->seen_count;
	return e;
}

static enum err
read_one(struct reading *r, DIR *proc, const char *name, struct process_table *out)
{
	struct process_entry one = {.mark = PROCESS_NONE};
	uint64_t number;
	int dir, reason;
	enum err e;

	if (decimal_decode(view_of_string(name), &number) != ERR_OK || number > INT_MAX ||
	    is_seen(r, (pid_t)number))
		return ERR_OK;
	if ((dir = openat(dirfd(proc), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		out->missed = true;
		return ERR_OK;
	}
	one.pid = (pid_t)number;
	e = look(r, dir, &one);
	reason = errno;
	(void)close(dir);
	errno = reason;
	if (e == ERR_NOT_FOUND) {
		out->missed = true;
		return ERR_OK;
	}
	if (e == ERR_OK)
		e = note_seen(r, one.pid);
	if (e != ERR_OK || (r->which == PROCESS_TABLE_MARKED && one.mark == PROCESS_NONE))
		return e;
	return append(out, &one);
}

/*
 * Those whose parent is not there: it ended before it was looked at, or has just been taken out
 * here. Where those that are nothing to a workload are left out this says nothing.
 */
static enum err
read_orphans(struct reading *r, struct process_table *out)
{
	size_t kept = 0;
	enum err e = ERR_OK;

	if (r->which == PROCESS_TABLE_MARKED)
		return ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < out->count; i++) {
		struct process_entry *one = &out->list[i];

		if (one->parent != 0 && !is_seen(r, one->parent))
			e = read_again(r, one);
		if (e == ERR_OK) {
			out->list[kept++] = *one;
		} else if (e == ERR_NOT_FOUND) {
			forget_seen(r, one->pid);
			out->missed = true;
			e = ERR_OK;
		}
	}
	out->count = kept;
	return e;
}

static enum err
read_again(struct reading *r, struct process_entry *one)
{
	char path[32];
	enum err e;
	int dir;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)one->pid);
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_NOT_FOUND;
	*one = (struct process_entry){.pid = one->pid, .mark = PROCESS_NONE};
	e = look(r, dir, one);
	(void)close(dir);
	return e;
}

static bool
is_seen(const struct reading *r, pid_t pid)
{
	return r->sorted > 0 &&
	       bsearch(&pid, r->seen, r->sorted, sizeof(*r->seen), by_number) != NULL;
}

static enum err
note_seen(struct reading *r, pid_t pid)
{
	if (r->seen_count == r->seen_capacity) {
		const size_t capacity = r->seen_capacity == 0 ? 256 : 2 * r->seen_capacity;
		pid_t *grown = reallocarray(r->seen, capacity, sizeof(*grown));

		if (grown == NULL)
			return ERR_MEMORY;
		r->seen = grown;
		r->seen_capacity = capacity;
	}
	r->seen[r->seen_count++] = pid;
	return ERR_OK;
}

/* Its number may be another process's soon. All of the list is sorted here. */
static void
forget_seen(struct reading *r, pid_t pid)
{
	pid_t *at =
	    r->sorted == 0 ? NULL : bsearch(&pid, r->seen, r->sorted, sizeof(*r->seen), by_number);

	if (at == NULL)
		return;
	r->seen_count = --r->sorted;
	memmove(at, at + 1, (size_t)(r->seen + r->seen_count - at) * sizeof(*at));
}

/* The directory stays that of this process, whoever gets its number. */
static enum err
look(const struct reading *r, int dir, struct process_entry *out)
{
	struct procfs_stat stat;
	enum err e = r->visit(r->context, dir, out);

	if (e != ERR_OK || (r->which == PROCESS_TABLE_MARKED && out->mark == PROCESS_NONE))
		return e;
	if ((e = procfs_read_stat(dir, &stat)) != ERR_OK)
		return e;
	out->parent = stat.parent;
	out->start_ticks = stat.start_ticks;
	return ERR_OK;
}

static enum err
append(struct process_table *table, const struct process_entry *entry)
{
	struct process_entry *grown;

	if (table->count == table->capacity) {
		table->capacity = table->capacity == 0 ? 256 : 2 * table->capacity;
		grown = reallocarray(table->list, table->capacity, sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		table->list = grown;
	}
	table->list[table->count++] = *entry;
	return ERR_OK;
}

static int
by_number(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static int
by_pid(const void *a, const void *b)
{
	const pid_t x = ((const struct process_entry *)a)->pid;
	const pid_t y = ((const struct process_entry *)b)->pid;

	return (x > y) - (x < y);
}
