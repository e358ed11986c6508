#include "collector/subject/threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

struct ids {
	pid_t *list;
	size_t count;
	size_t capacity;
};

/* A walk over all threads. */
struct walk {
	int tasks; /* /proc/PID/task */
	struct ids listed;
	struct ids seen; /* sorted: the first `sorted` of them */
	size_t sorted;
	size_t living;
	bool missed; /* one had ended before it was looked at */
	struct buf text;
};

static bool has_program(int dir);
static enum err list(int tasks, struct ids *out);
static enum err look_at_new(struct walk *w, threads_visit *visit, void *context);
static enum err look_at(struct walk *w, pid_t thread, threads_visit *visit, void *context);
static bool has_ended(int dir);
static bool lives(struct view status);
static bool was_seen(const struct walk *w, pid_t thread);
static enum err ids_append(struct ids *ids, pid_t id);
static int compare(const void *a, const void *b);

enum err
threads_each(int dir, threads_visit *visit, void *context)
{
	struct walk w = {.tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	enum err e = ERR_OK;

	if (w.tasks < 0)
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	w.text = BUF_INIT;
	w.missed = true;
	for (unsigned listing = 0; e == ERR_OK && w.missed; listing++)
		e = listing < THREADS_LISTINGS_MAX ? look_at_new(&w, visit, context) : ERR_CHANGED;
	if (e == ERR_OK && w.living == 0)
		e = ERR_NOT_FOUND;
	buf_free(&w.text);
	free(w.listed.list);
	free(w.seen.list);
	(void)close(w.tasks);
	return e;
}

enum err
threads_open_living(int dir, int *out)
{
	struct ids ids = {NULL, 0, 0};
	enum err e = ERR_OK;
	int tasks;

	if (has_program(dir)) {
		*out = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return *out >= 0 ? ERR_OK : ERR_IO;
	}
	*out = -1;
	if ((tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	e = list(tasks, &ids);
	/* The first thread comes first. */
	for (size_t i = 1; e == ERR_OK && *out < 0 && i < ids.count; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "/proc/%d", (int)ids.list[i]);
		*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*out >= 0 && !has_program(*out)) {
			(void)close(*out);
			*out = -1;
		}
	}
	free(ids.list);
	(void)close(tasks);
	return e == ERR_OK && *out < 0 ? ERR_NOT_FOUND : e;
}

/* Or may not be asked, which is to be said. */
static bool
has_program(int dir)
{
	struct buf name = BUF_INIT;
	const enum err e = procfs_read_link(dir, "exe", &name);

	buf_free(&name);
	return e != ERR_NOT_FOUND;
}

/* As the kernel lists them: in the order in which they were made. */
static enum err
list(int tasks, struct ids *out)
{
	const int fd = openat(tasks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	uint64_t number;
	enum err e = ERR_OK;

	out->count = 0;
	if (names == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	}
	while (e == ERR_OK && (entry = readdir(names)) != NULL)
		if (decimal_decode(view_of_string(entry->d_name), &number) == ERR_OK &&
		    number > 0 && number <= INT_MAX)
			e = ids_append(out, (pid_t)number);
	(void)closedir(names);
	return e;
}

static enum err
look_at_new(struct walk *w, threads_visit *visit, void *context)
{
	enum err e = list(w->tasks, &w->listed);

	w->missed = false;
	for (size_t i = 0; e == ERR_OK && i < w->listed.count; i++)
		if (!was_seen(w, w->listed.list[i]))
			e = look_at(w, w->listed.list[i], visit, context);
	if (w->seen.count > 0)
		qsort(w->seen.list, w->seen.count, sizeof(*w->seen.list), compare);
	w->sorted = w->seen.count;
	return e;
}

static enum err
look_at(struct walk *w, pid_t thread, threads_visit *visit, void *context)
{
	char name[16];
	enum err e = ERR_NOT_FOUND;
	int dir;

	(void)snprintf(name, sizeof(name), "%d", (int)thread);
	buf_clear(&w->text);
	if ((dir = openat(w->tasks, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
		e = small_file_read_made(dir, "status", THREADS_STATUS_BYTES_MAX, &w->text);
	else if (errno != ENOENT && errno != ESRCH)
		e = ERR_IO;
	if (e == ERR_OK && lives(buf_view(&w->text))) {
		w->living++;
		e = visit(context, dir, buf_view(&w->text));
		if (e == ERR_IO && has_ended(dir))
			e = ERR_NOT_FOUND;
	}
	if (dir >= 0)
		(void)close(dir);
	if (e == ERR_NOT_FOUND) {
		w->missed = true;
		return ERR_OK;
	}
	return e == ERR_OK ? ids_append(&w->seen, thread) : e;
}

/* For the links of a thread that has just ended the kernel says that they may not be read. */
static bool
has_ended(int dir)
{
	const int reason = errno;
	struct buf text = BUF_INIT;
	const enum err e = small_file_read_made(dir, "status", THREADS_STATUS_BYTES_MAX, &text);
	const bool yes = e == ERR_NOT_FOUND || (e == ERR_OK && !lives(buf_view(&text)));

	buf_free(&text);
	errno = reason;
	return yes;
}

/* One that has ended keeps the rights it had, and can do nothing with them. */
static bool
lives(struct view status)
{
	struct view state;

	return procfs_status_field(status, "State", &state) && state.size > 0 &&
	       state.data[0] != 'Z' && state.data[0] != 'X';
}

static bool
was_seen(const struct walk *w, pid_t thread)
{
	return w->sorted > 0 &&
	       bsearch(&thread, w->seen.list, w->sorted, sizeof(thread), compare) != NULL;
}

static enum err
ids_append(struct ids *ids, pid_t id)
{
	pid_t *grown;

	if (ids->count == ids->capacity) {
		ids->capacity = ids->capacity == 0 ? 64 : 2 * ids->capacity;
		if ((grown = reallocarray(ids->list, ids->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		ids->list = grown;
	}
	ids->list[ids->count++] = id;
	return ERR_OK;
}

static int
compare(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}
