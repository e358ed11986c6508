#include "collector/measure/measure_libraries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/measure/measure_members.h"
#include "collector/memory/mapped_file.h"
#include "collector/memory/mappings.h"
#include "collector/memory/modified.h"
#include "collector/memory/run_time_code.h"
#include "collector/subject/began.h"
#include "collector/subject/procfs.h"
#include "collector/watch/lay.h"

/* A mapped file; its mapping, or the first of several. */
struct library {
	struct maps_entry entry; /* its path points into `text` */
	struct buf text;
};

/* From where a process sees files: those with the same see the same under a name. */
struct outlook {
	bool is_known;
	dev_t namespace_device, root_device;
	ino_t namespace_inode, root_inode;
};

/* What a mapping of a process before was found to be. */
struct found {
	struct library library;
	struct outlook outlook;
	struct component_file item; /* its path points into `path`; without the process's flags */
	struct buf path;
	struct stat stat;
};

struct libraries {
	struct measure_context *m;
	struct component_builder *to;
	/* of the process that is looked at: */
	struct stat program;     /* to leave it out */
	int program_fd;          /* O_PATH; -1: unknown */
	struct buf program_name; /* as the kernel tells it */
	struct outlook outlook;
	struct mappings mappings;
	struct modified modified;
	struct run_time_code run_time_code; /* of all processes */
	struct library *list;               /* one per mapping, then sorted and merged */
	size_t count;
	size_t capacity;
	/* what was read last: a file under several names is read once */
	const struct maps_entry *read;
	struct component_file content;
	/* of the processes before */
	struct found *found;
	size_t found_count;
	size_t found_capacity;
	size_t found_sorted; /* the first ones */
};

static member_visit visit_process;
static enum err list_mappings(struct libraries *l, struct mappings *out);
static enum err measure_mapped(struct libraries *l);
static enum err visit_all(struct libraries *l);
static enum err read_program(struct libraries *l);
static void forget_libraries(struct libraries *l);
static struct outlook look_out(const struct measure_context *m);
static enum err measure_list(struct libraries *l);
static const struct found *find(const struct libraries *l, const struct library *library);
static int compare_found(const void *a, const void *b);
static int compare_outlook(const struct outlook *a, const struct outlook *b);
static enum err remember(struct libraries *l, const struct library *library,
    const struct component_file *item, const struct stat *s);
static enum err visit_mapping(struct libraries *l, const struct maps_entry *entry);
static bool is_program(struct libraries *l, const struct maps_entry *entry);
static enum err add_memory(struct libraries *l, const struct maps_entry *entry);
static bool is_kernel_memory(struct view path);
static enum err note_file(struct libraries *l, const struct maps_entry *entry);
static int compare(const void *a, const void *b);
static bool same_inode(const struct maps_entry *a, const struct maps_entry *b);
static void merge(struct libraries *l);
static enum err measure_one(struct libraries *l, const struct library *library);
static uint32_t flags_of_process(
    const struct libraries *l, const struct library *library, uint32_t flags, const struct stat *s);
static enum err read_content(struct libraries *l, const struct maps_entry *entry, int fd,
    const struct stat *s, struct component_file *item);

enum err
measure_libraries(struct measure_context *m, struct component_builder *to)
{
	struct libraries l = {.to = to, .program_fd = -1, .program_name = BUF_INIT};
	enum err e = measure_members(m, visit_process, &l);

	if (e == ERR_OK)
		e = run_time_code_add(&l.run_time_code, to);
	run_time_code_free(&l.run_time_code);
	for (size_t i = 0; i < l.found_count; i++) {
		buf_free(&l.found[i].library.text);
		buf_free(&l.found[i].path);
	}
	free(l.found);
	free(l.list);
	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

/* What a program maps while its mappings are measured is measured, too. */
static enum err
visit_process(void *context, struct measure_context *m, bool is_main)
{
	struct libraries *l = context;
	struct mappings again = {.list = NULL}, before;
	bool same = false;
	enum err e;

	(void)is_main;
	l->m = m;
	l->outlook = look_out(m);
	e = list_mappings(l, &l->mappings);
	if (e == ERR_OK)
		e = read_program(l);
	for (unsigned i = 0; e == ERR_OK && !same && i < MEASURE_MAPPED_MAX; i++) {
		if ((e = measure_mapped(l)) == ERR_OK && (e = list_mappings(l, &again)) == ERR_OK) {
			same = mappings_same_files(&l->mappings, &again);
			before = l->mappings;
			l->mappings = again;
			again = before;
		}
	}
	if (e == ERR_OK && !same)
		e = ERR_CHANGED;
	mappings_free(&again);
	mappings_free(&l->mappings);
	buf_free(&l->program_name);
	if (l->program_fd >= 0)
		(void)close(l->program_fd);
	l->program_fd = -1;
	return e;
}

static enum err
list_mappings(struct libraries *l, struct mappings *out)
{
	const enum err e = mappings_list(l->m->process->dir, out);

	if (e == ERR_NOT_FOUND)
		return ERR_CHANGED;
	if (e == ERR_FORMAT_SIZE)
		return trouble_set(l->m->trouble, e,
		    "process %d has more than %d executable mappings", (int)l->m->process->pid,
		    MAPPINGS_MAX);
	if (e == ERR_IO)
		return trouble_set(l->m->trouble, e, "/proc/%d/maps: %s", (int)l->m->process->pid,
		    strerror(errno));
	return e;
}

static enum err
measure_mapped(struct libraries *l)
{
	const struct measure_context *m = l->m;
	const struct mapped_roots roots = {m->root, m->workload->host_root};
	enum err e = modified_begin(&l->modified, m->process->dir, &roots, l->to);

	if (e == ERR_OK)
		e = visit_all(l);
	if (e == ERR_IO)
		(void)trouble_set(
		    m->trouble, e, "/proc/%d/pagemap: %s", (int)m->process->pid, strerror(errno));
	/* Which of the mappings is the program is known only if it is still the same one. */
	if (e == ERR_OK)
		e = process_check(m->process);
	if (e == ERR_OK) {
		merge(l);
		e = measure_list(l);
	}
	forget_libraries(l);
	if (filehash_spend(m->hash, modified_end(&l->modified)) != ERR_OK && e == ERR_OK)
		e = ERR_BUDGET;
	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

static enum err
visit_all(struct libraries *l)
{
	enum err e = ERR_OK;

	run_time_code_begin(&l->run_time_code);
	for (size_t i = 0; e == ERR_OK && i < l->mappings.count; i++)
		e = visit_mapping(l, &l->mappings.list[i]);
	return e;
}

static enum err
read_program(struct libraries *l)
{
	const int dir = l->m->process->dir;

	const enum err e = procfs_read_link(dir, "exe", &l->program_name);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_CHANGED
					  : trouble_set(l->m->trouble, e, "/proc/%d/exe: %s",
						(int)l->m->process->pid, strerror(errno));
	l->program_fd = openat(dir, "exe", O_PATH | O_CLOEXEC);
	if (l->program_fd >= 0 && fstat(l->program_fd, &l->program) != 0) {
		(void)close(l->program_fd);
		l->program_fd = -1;
	}
	return ERR_OK;
}

static void
forget_libraries(struct libraries *l)
{
	for (size_t i = 0; i < l->count; i++)
		buf_free(&l->list[i].text);
	l->count = 0;
	l->read = NULL;
}

static struct outlook
look_out(const struct measure_context *m)
{
	struct outlook o = {.is_known = false};
	struct stat names, root;

	if (m->root >= 0 && fstat(m->root, &root) == 0 &&
	    fstatat(m->process->dir, "ns/mnt", &names, 0) == 0)
		o = (struct outlook){true, names.st_dev, root.st_dev, names.st_ino, root.st_ino};
	return o;
}

/* What a process before had mapped too is not looked at again. */
static enum err
measure_list(struct libraries *l)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < l->count; i++) {
		const struct library *library = &l->list[i];
		const struct found *known = find(l, library);
		struct component_file item;

		if (known == NULL) {
			e = measure_one(l, library);
			continue;
		}
		item = known->item;
		item.path = buf_view(&known->path);
		item.flags |= flags_of_process(l, library, item.flags, &known->stat);
		e = component_add_file(l->to, &item);
	}
	if (l->found_count > l->found_sorted)
		qsort(l->found, l->found_count, sizeof(*l->found), compare_found);
	l->found_sorted = l->found_count;
	return e;
}

static const struct found *
find(const struct libraries *l, const struct library *library)
{
	const struct found key = {.library = *library, .outlook = l->outlook};

	if (!l->outlook.is_known || l->found_sorted == 0)
		return NULL;
	return bsearch(&key, l->found, l->found_sorted, sizeof(key), compare_found);
}

static int
compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	const int order = compare(&x->library, &y->library);

	return order != 0 ? order : compare_outlook(&x->outlook, &y->outlook);
}

static int
compare_outlook(const struct outlook *a, const struct outlook *b)
{
	if (a->namespace_device != b->namespace_device)
		return a->namespace_device < b->namespace_device ? -1 : 1;
	if (a->namespace_inode != b->namespace_inode)
		return a->namespace_inode < b->namespace_inode ? -1 : 1;
	if (a->root_device != b->root_device)
		return a->root_device < b->root_device ? -1 : 1;
	if (a->root_inode != b->root_inode)
		return a->root_inode < b->root_inode ? -1 : 1;
	return 0;
}

/* What could not be read may be readable for another process. */
static enum err
remember(struct libraries *l, const struct library *library, const struct component_file *item,
    const struct stat *s)
{
	struct found *f;

	if (!l->outlook.is_known || (item->flags & COMPONENT_FILE_UNREADABLE) != 0)
		return ERR_OK;
	if (l->found_count == l->found_capacity) {
		l->found_capacity = l->found_capacity == 0 ? 64 : 2 * l->found_capacity;
		if ((f = reallocarray(l->found, l->found_capacity, sizeof(*f))) == NULL)
			return ERR_MEMORY;
		l->found = f;
	}
	f = &l->found[l->found_count++];
	*f = (struct found){.library = *library,
	    .outlook = l->outlook,
	    .item = *item,
	    .path = BUF_INIT,
	    .stat = *s};
	/* A text of its own: the library's is still in the list. */
	f->library.text = BUF_INIT;
	buf_append_view(&f->library.text, library->entry.path);
	f->library.entry.path = buf_view(&f->library.text);
	buf_append_view(&f->path, item->path);
	return f->library.text.failed ? ERR_MEMORY : buf_status(&f->path);
}

static enum err
visit_mapping(struct libraries *l, const struct maps_entry *entry)
{
	enum err e;

	if (mapping_is_memory(entry))
		return add_memory(l, entry);
	if (is_program(l, entry))
		return ERR_OK;
	e = note_file(l, entry);
	return e == ERR_OK ? modified_add(&l->modified, entry) : e;
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
	if ((fd = mapped_file_open(l->m->process->dir, entry, &s)) >= 0) {
		(void)close(fd);
		return s.st_dev == l->program.st_dev && s.st_ino == l->program.st_ino;
	}
	maps_unescape(entry->path, &name);
	same = !name.failed && view_equal(buf_view(&name), buf_view(&l->program_name));
	buf_free(&name);
	return same;
}

static enum err
add_memory(struct libraries *l, const struct maps_entry *entry)
{
	const struct component_file probe = {.path = entry->path, .flags = COMPONENT_FILE_PROBED};

	if (is_kernel_memory(entry->path)) {
		const enum err e = view_equal(entry->path, VIEW_LITERAL("[vdso]"))
				       ? modified_add(&l->modified, entry)
				       : ERR_OK;

		if (e != ERR_OK || !entry->writable)
			return e;
	}
	if (modified_is_probe(entry))
		return component_add_file(l->to, &probe);
	return run_time_code_note(&l->run_time_code, buf_view(&l->program_name), entry);
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
	const struct mapped_roots roots = {l->m->root, l->m->workload->host_root};
	struct mapped_file held = {NULL, &library->entry};
	struct buf text = BUF_INIT;
	struct stat s;
	int fd = mapped_file_open(l->m->process->dir, &library->entry, &s);
	enum err e;

	memset(&item, 0, sizeof(item));
	mapped_file_text(l->m->process->dir, &library->entry, &text);
	if (fd >= 0)
		held.stat = &s;
	e = mapped_file_resolve(&roots, buf_view(&text), &held, &name);
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
	if (e == ERR_OK)
		e = read_content(l, &library->entry, fd, &s, &item);
	if (e == ERR_OK && (e = remember(l, library, &item, &s)) == ERR_OK)
		item.flags |= flags_of_process(l, library, item.flags, &s);
	/* Of a process that has ended there is nothing to be had. */
	if (e == ERR_OK && (item.flags & COMPONENT_FILE_UNREADABLE) != 0)
		e = process_check(l->m->process);
	if (e == ERR_OK)
		e = component_add_file(l->to, &item);
	if (name.fd >= 0)
		(void)close(name.fd);
	if (fd >= 0)
		(void)close(fd);
	buf_free(&text);
	return e;
}

/* What the process has to do with a file whose flags are known. */
static uint32_t
flags_of_process(
    const struct libraries *l, const struct library *library, uint32_t flags, const struct stat *s)
{
	const uint32_t timeless =
	    COMPONENT_FILE_MEMFD | COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_SPECIAL;
	uint32_t more = library->entry.writable ? COMPONENT_FILE_WRITABLE : 0;

	if ((flags & timeless) == 0 &&
	    began_before_change(l->m->process->identity.stat.start_ticks, s))
		more |= COMPONENT_FILE_NEWER;
	return more;
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
	watch_file(readable);
	e = filehash_describe(l->m->hash, readable, false, item);
	(void)close(readable);
	if (e == ERR_OK && (item->flags & COMPONENT_FILE_UNREADABLE) == 0) {
		l->read = entry;
		l->content = *item;
	}
	return e;
}
