#include "collector/measure/measure_libraries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/measure/mapped_file.h"
#include "collector/measure/maps.h"
#include "collector/subject/procfs.h"

/* A mapped file; its mapping, or the first of several. */
struct library {
	struct maps_entry entry; /* its path points into `text` */
	struct buf text;
};

struct libraries {
	struct measure_context *m;
	struct component_builder *to;
	struct stat program;     /* to leave it out */
	int program_fd;          /* O_PATH; -1: unknown */
	struct buf program_name; /* as the kernel tells it */
	struct library *list;    /* one per mapping, then sorted and merged */
	size_t count;
	size_t capacity;
	/* what was read last: a file under several names is read once */
	const struct maps_entry *read;
	struct component_file content;
};

static maps_visit visit_mapping;
static bool is_program(struct libraries *l, const struct maps_entry *entry);
static enum err add_memory(struct libraries *l, const struct maps_entry *entry);
static bool is_kernel_memory(struct view path);
static enum err note_file(struct libraries *l, const struct maps_entry *entry);
static int compare(const void *a, const void *b);
static bool same_inode(const struct maps_entry *a, const struct maps_entry *b);
static void merge(struct libraries *l);
static enum err measure_one(struct libraries *l, const struct library *library);
static void read_name(struct libraries *l, const struct library *library, struct buf *name);
static enum err read_content(struct libraries *l, const struct maps_entry *entry, int fd,
    const struct stat *s, struct component_file *item);
static int open_mapped(const struct libraries *l, const struct maps_entry *entry, struct stat *s);

enum err
measure_libraries(struct measure_context *m, struct component_builder *to)
{
	struct libraries l = {.m = m, .to = to, .program_name = BUF_INIT};
	enum err e;
	int maps;

	if ((maps = openat(m->process->dir, "maps", O_RDONLY | O_CLOEXEC)) < 0)
		return errno == ENOENT || errno == ESRCH
			   ? ERR_CHANGED
			   : trouble_set(m->trouble, ERR_IO, "/proc/%d/maps: %s",
				 (int)m->process->pid, strerror(errno));
	l.program_fd = openat(m->process->dir, "exe", O_PATH | O_CLOEXEC);
	if (l.program_fd >= 0 &&
	    (fstat(l.program_fd, &l.program) != 0 ||
		procfs_read_link(m->process->dir, "exe", &l.program_name) != ERR_OK)) {
		(void)close(l.program_fd);
		l.program_fd = -1;
	}
	if ((e = maps_each(maps, visit_mapping, &l)) == ERR_OK)
		merge(&l);
	for (size_t i = 0; e == ERR_OK && i < l.count; i++)
		e = measure_one(&l, &l.list[i]);
	for (size_t i = 0; i < l.count; i++)
		buf_free(&l.list[i].text);
	free(l.list);
	buf_free(&l.program_name);
	if (l.program_fd >= 0)
		(void)close(l.program_fd);
	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

static enum err
visit_mapping(void *context, const struct maps_entry *entry)
{
	static const struct view shared_memory = VIEW_LITERAL("/dev/zero (deleted)");
	struct libraries *l = context;

	if (!entry->executable)
		return ERR_OK;
	if (entry->inode == 0 ||
	    (entry->shared && entry->device_major == 0 && view_equal(entry->path, shared_memory)))
		return add_memory(l, entry);
	return is_program(l, entry) ? ERR_OK : note_file(l, entry);
}

/*
 * What is left out must be the program for sure. Where only inodes can be compared (mapped_file.h)
 * a file of another filesystem may have the same number, and whoever hides one sees to that: then
 * the mapped file itself decides or, without the right to open it, the name.
 */
static bool
is_program(struct libraries *l, const struct maps_entry *entry)
{
	struct buf name = BUF_INIT;
	struct stat s;
	bool same;
	int fd;

	if (l->program_fd < 0 || !mapped_file_is(l->program_fd, &l->program, entry))
		return false;
	if ((fd = open_mapped(l, entry, &s)) >= 0) {
		(void)close(fd);
		return s.st_dev == l->program.st_dev && s.st_ino == l->program.st_ino;
	}
	maps_unescape(entry->path, &name);
	same = !name.failed && view_equal(buf_view(&name), buf_view(&l->program_name));
	buf_free(&name);
	return same;
}

/* A process can give its memory a name, but only in the form "[anon:...]": that says nothing. */
static enum err
add_memory(struct libraries *l, const struct maps_entry *entry)
{
	static const struct view anonymous = VIEW_LITERAL("[anon]");
	struct component_file item;

	if (is_kernel_memory(entry->path) && !entry->writable)
		return ERR_OK;
	memset(&item, 0, sizeof(item));
	item.path = entry->path;
	if (entry->path.size == 0 || entry->path.data[0] != '[' ||
	    memchr(entry->path.data, ':', entry->path.size) != NULL)
		item.path = anonymous;
	item.flags = COMPONENT_FILE_ANONYMOUS;
	if (entry->writable)
		item.flags |= COMPONENT_FILE_WRITABLE;
	return component_add_file(l->to, &item);
}

static bool
is_kernel_memory(struct view path)
{
	return view_equal(path, VIEW_LITERAL("[vdso]")) ||
	       view_equal(path, VIEW_LITERAL("[vsyscall]"));
}

static enum err
note_file(struct libraries *l, const struct maps_entry *entry)
{
	struct library *grown;

	if (l->count == MEASURE_LIBRARIES_MAX)
		return trouble_set(l->m->trouble, ERR_FORMAT_SIZE,
		    "process %d has more than %d executable mappings", (int)l->m->process->pid,
		    MEASURE_LIBRARIES_MAX);
	if (l->count == l->capacity) {
		l->capacity = l->capacity == 0 ? 64 : 2 * l->capacity;
		if ((grown = reallocarray(l->list, l->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		l->list = grown;
	}
	grown = &l->list[l->count];
	grown->entry = *entry;
	grown->text = BUF_INIT;
	buf_append_view(&grown->text, entry->path);
	grown->entry.path = buf_view(&grown->text);
	l->count++;
	return buf_status(&grown->text);
}

static int
compare(const void *a, const void *b)
{
	const struct maps_entry *x = &((const struct library *)a)->entry;
	const struct maps_entry *y = &((const struct library *)b)->entry;

	if (x->device_major != y->device_major)
		return x->device_major < y->device_major ? -1 : 1;
	if (x->device_minor != y->device_minor)
		return x->device_minor < y->device_minor ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return view_compare(x->path, y->path);
}

static bool
same_inode(const struct maps_entry *a, const struct maps_entry *b)
{
	return a->device_major == b->device_major && a->device_minor == b->device_minor &&
	       a->inode == b->inode;
}

/* Several mappings of one file under one name become one. */
static void
merge(struct libraries *l)
{
	size_t kept = 0;

	if (l->count == 0)
		return;
	qsort(l->list, l->count, sizeof(*l->list), compare);
	for (size_t i = 1; i < l->count; i++) {
		if (compare(&l->list[kept], &l->list[i]) == 0) {
			l->list[kept].entry.writable |= l->list[i].entry.writable;
			buf_free(&l->list[i].text);
		} else {
			l->list[++kept] = l->list[i];
		}
	}
	l->count = kept + 1;
}

static enum err
measure_one(struct libraries *l, const struct library *library)
{
	struct component_file item;
	struct mapped_name name;
	struct mapped_file held = {NULL, &library->entry};
	struct buf text = BUF_INIT;
	struct stat s;
	int fd = open_mapped(l, &library->entry, &s);
	enum err e;

	memset(&item, 0, sizeof(item));
	read_name(l, library, &text);
	if (fd >= 0)
		held.stat = &s;
	e = mapped_file_resolve(l->m, buf_view(&text), &held, &name);
	if (e == ERR_OK) {
		item.path = name.path;
		item.flags = name.flags;
	} else { /* what has no path: anon_inode:..., a file out of reach */
		item.path = buf_view(&text);
		e = item.path.size > 0 ? ERR_OK : ERR_FORMAT;
	}
	if (fd < 0 && name.fd >= 0 && fstat(name.fd, &s) == 0) {
		fd = name.fd;
		name.fd = -1;
	}
	if (library->entry.writable)
		item.flags |= COMPONENT_FILE_WRITABLE;
	if (e == ERR_OK)
		e = read_content(l, &library->entry, fd, &s, &item);
	if (e == ERR_OK)
		e = component_add_file(l->to, &item);
	if (name.fd >= 0)
		(void)close(name.fd);
	if (fd >= 0)
		(void)close(fd);
	buf_free(&text);
	return e;
}

/* The link has the true bytes, and may be read without the right to follow it. */
static void
read_name(struct libraries *l, const struct library *library, struct buf *name)
{
	char path[sizeof("map_files/") + MAPS_RANGE_SIZE];
	char range[MAPS_RANGE_SIZE];

	maps_range(&library->entry, range);
	(void)snprintf(path, sizeof(path), "map_files/%s", range);
	if (procfs_read_link(l->m->process->dir, path, name) != ERR_OK)
		maps_unescape(library->entry.path, name);
}

/* `fd` is O_PATH, or -1. */
static enum err
read_content(struct libraries *l, const struct maps_entry *entry, int fd, const struct stat *s,
    struct component_file *item)
{
	const struct component_file *known = &l->content;
	enum err e;
	int readable;

	if (fd < 0) {
		item->flags |= COMPONENT_FILE_UNREADABLE;
		return ERR_OK;
	}
	filehash_set_stat(item, s);
	if (!S_ISREG(s->st_mode)) { /* a device: reading it may do something */
		item->flags |= COMPONENT_FILE_SPECIAL;
		return ERR_OK;
	}
	if (l->read != NULL && same_inode(l->read, entry)) {
		item->digest = known->digest;
		item->size = known->size;
		item->flags |= known->flags & COMPONENT_FILE_CHANGED;
		return ERR_OK;
	}
	if ((readable = mapped_file_reopen(fd)) < 0) {
		item->flags |= COMPONENT_FILE_UNREADABLE;
		return ERR_OK;
	}
	e = filehash_describe(l->m->hash, readable, item);
	(void)close(readable);
	if (e == ERR_OK && (item->flags & COMPONENT_FILE_UNREADABLE) == 0) {
		l->read = entry;
		l->content = *item;
	}
	return e;
}

/* O_PATH of the mapped file through map_files; -1 if not permitted or not there any more. */
static int
open_mapped(const struct libraries *l, const struct maps_entry *entry, struct stat *s)
{
	char path[sizeof("map_files/") + MAPS_RANGE_SIZE];
	char range[MAPS_RANGE_SIZE];
	int fd;

	maps_range(entry, range);
	(void)snprintf(path, sizeof(path), "map_files/%s", range);
	if ((fd = openat(l->m->process->dir, path, O_PATH | O_CLOEXEC)) < 0)
		return -1;
	/* The address may have been mapped to another file since maps was read. */
	if (fstat(fd, s) != 0 || !mapped_file_is(fd, s, entry)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}
