#include "collector/measure/measure_used.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/files/file_reading.h"
#include "collector/measure/measure_members.h"
#include "collector/memory/mapped_file.h"
#include "collector/scripts/used_files.h"
#include "collector/subject/began.h"
#include "collector/subject/procfs.h"

struct gathering {
	struct used *used;
	const struct file_terms *terms;
	struct component_builder *to;
	struct measure_context *m; /* of the process that is looked at */
};

static member_visit visit_process;
static used_files_visit take_file;
static enum err note(struct used *u, const struct used_file *f, bool *is_new);
static size_t place_of(const struct used *u, const struct used_file *f);
static int compare(const struct used_file *a, const struct used_file *b);
static enum err add_item(struct gathering *g, int fd, const struct stat *s);
static enum err read_item(struct gathering *g, int fd, const struct stat *s,
    struct component_file *item, struct file_details *details);

enum err
measure_used(struct measure_context *m, const struct file_terms *terms,
    struct component_builder *to, struct used *out)
{
	struct gathering g = {.used = out, .terms = terms, .to = to};
	const enum err e = measure_members(m, visit_process, &g);

	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

bool
measure_used_is_newer(const struct used *u, const struct stat *s)
{
	const struct used_file wanted = {s->st_dev, s->st_ino, 0};
	const size_t at = place_of(u, &wanted);

	return at < u->count && compare(&u->list[at], &wanted) == 0 &&
	       began_before_change(u->list[at].start_ticks, s);
}

void
measure_used_free(struct used *u)
{
	free(u->list);
	memset(u, 0, sizeof(*u));
}

static enum err
visit_process(void *context, struct measure_context *m, bool is_main)
{
	struct gathering *g = context;
	enum err e;

	(void)is_main;
	g->m = m;
	e = used_files_each(m->process->dir, m->root, take_file, g);
	/* Who is not asked for them has the others; more a process could hide by closing them. */
	if (e == ERR_FORMAT_SIZE && !m->workload->scripts)
		return ERR_OK;
	if (e == ERR_FORMAT_SIZE)
		return trouble_set(m->trouble, e,
		    "process %d names or has open more files than are looked at",
		    (int)m->process->pid);
	if (e == ERR_IO)
		return trouble_set(
		    m->trouble, e, "/proc/%d/fd: %s", (int)m->process->pid, strerror(errno));
	return e;
}

static enum err
take_file(void *context, int fd, const struct stat *s)
{
	struct gathering *g = context;
	const struct used_file f = {s->st_dev, s->st_ino, g->m->process->identity.stat.start_ticks};
	bool is_new;
	enum err e = note(g->used, &f, &is_new);

	return e == ERR_OK && is_new && g->m->workload->scripts ? add_item(g, fd, s) : e;
}

/* Also one that is known, if this process began before those that use it. */
static enum err
note(struct used *u, const struct used_file *f, bool *is_new)
{
	const size_t at = place_of(u, f);
	struct used_file *grown;

	*is_new = true;
	if (at < u->count && compare(&u->list[at], f) == 0) {
		*is_new = f->start_ticks < u->list[at].start_ticks;
		if (*is_new)
			u->list[at].start_ticks = f->start_ticks;
		return ERR_OK;
	}
	if (u->count == MEASURE_USED_MAX)
		return ERR_FORMAT_SIZE;
	if (u->count == u->capacity) {
		u->capacity = u->capacity == 0 ? 64 : 2 * u->capacity;
		if ((grown = reallocarray(u->list, u->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		u->list = grown;
	}
	memmove(&u->list[at + 1], &u->list[at], (u->count - at) * sizeof(*u->list));
	u->list[at] = *f;
	u->count++;
	return ERR_OK;
}

/* Where it is, or is to be. */
static size_t
place_of(const struct used *u, const struct used_file *f)
{
	size_t low = 0, high = u->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare(&u->list[middle], f) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
compare(const struct used_file *a, const struct used_file *b)
{
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return 0;
}

/* Under the name that the kernel has for it, as what is mapped. */
static enum err
add_item(struct gathering *g, int fd, const struct stat *s)
{
	const struct mapped_roots roots = {g->m->root, g->m->workload->host_root};
	const struct mapped_file held = {s, NULL};
	struct component_file item = {.flags = 0};
	struct file_details details = {.count = 0};
	struct mapped_name name;
	struct buf text = BUF_INIT;
	char link[32];
	enum err e;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((e = procfs_read_link(AT_FDCWD, link, &text)) == ERR_OK) {
		item.path = buf_view(&text);
		if (mapped_file_resolve(&roots, buf_view(&text), &held, &name) == ERR_OK) {
			item.path = name.path;
			item.flags = name.flags;
		}
		if (name.fd >= 0)
			(void)close(name.fd);
		if ((e = read_item(g, fd, s, &item, &details)) == ERR_OK &&
		    (e = file_details_give(&details, &item)) == ERR_OK)
			e = component_add_file(g->to, &item);
	}
	file_details_free(&details);
	buf_free(&text);
	return e;
}

static enum err
read_item(struct gathering *g, int fd, const struct stat *s, struct component_file *item,
    struct file_details *details)
{
	const int readable = mapped_file_reopen(fd);
	struct buf path = BUF_INIT;
	enum file_term term;
	enum err e = ERR_OK;

	filehash_set_stat(item, s);
	if (readable < 0) {
		item->flags |= COMPONENT_FILE_UNREADABLE;
		return ERR_OK;
	}
	buf_append_view(&path, item->path);
	buf_append_byte(&path, '\0');
	if ((e = buf_status(&path)) == ERR_OK) {
		term = file_terms_of(g->terms, (const char *)path.data);
		e = file_reading_content(
		    g->m->hash, readable, false, term, item->path, item, details);
		if (term == FILE_TERM_WHOLE && measure_used_is_newer(g->used, s) &&
		    (item->flags & (COMPONENT_FILE_MEMFD | COMPONENT_FILE_UNREADABLE)) == 0)
			item->flags |= COMPONENT_FILE_NEWER;
	}
	buf_free(&path);
	(void)close(readable);
	return e;
}
