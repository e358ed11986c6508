#include "collector/measure/measure_executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/measure/measure_members.h"
#include "collector/memory/mapped_file.h"
#include "collector/memory/mappings.h"
#include "collector/memory/modified.h"
#include "collector/subject/began.h"
#include "collector/subject/procfs.h"
#include "collector/watch/lay.h"

struct program {
	int fd;
	struct stat stat;
	bool writable;
};

/* What a program file was found to be; many processes run the same one. */
struct content {
	dev_t device;
	ino_t inode;
	struct component_file item; /* without path and flags of a process */
};

struct programs {
	struct component_builder *to;
	dev_t main_device; /* of the main process's program */
	ino_t main_inode;
	struct content *known;
	size_t count;
};

static member_visit add_program;
static enum err open_program(struct programs *all, struct measure_context *m, struct program *p,
    struct component_file *item);
static enum err describe(struct programs *all, struct measure_context *m, const struct program *p,
    struct component_file *item);
static enum err visit_mappings(
    struct measure_context *m, struct program *p, struct component_builder *to);
static enum err add_modified(struct measure_context *m, const struct program *p,
    const struct mappings *mappings, struct component_builder *to);

enum err
measure_executable(struct measure_context *m, struct component_builder *to)
{
	struct programs all = {.to = to,
	    .main_device = m->process->identity.program_device,
	    .main_inode = m->process->identity.program_inode};
	enum err e = measure_members(m, add_program, &all);

	free(all.known);
	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

static enum err
add_program(void *context, struct measure_context *m, bool is_main)
{
	struct programs *all = context;
	struct component_file item;
	struct program p = {-1, {0}, false};
	struct mapped_name name = {.fd = -1};
	const struct mapped_roots roots = {m->root, m->workload->host_root};
	struct mapped_file held = {&p.stat, NULL};
	struct buf link = BUF_INIT;
	enum err e;

	memset(&item, 0, sizeof(item));
	if ((e = procfs_read_link(m->process->dir, "exe", &link)) != ERR_OK) {
		(void)trouble_set(
		    m->trouble, e, "/proc/%d/exe: %s", (int)m->process->pid, strerror(errno));
		goto out;
	}
	if ((e = open_program(all, m, &p, &item)) != ERR_OK)
		goto out;
	if ((e = mapped_file_resolve(&roots, buf_view(&link), &held, &name)) != ERR_OK) {
		(void)trouble_set(m->trouble, e, "/proc/%d/exe: expected a path, found '%.*s'",
		    (int)m->process->pid, (int)link.size, (const char *)link.data);
		goto out;
	}
	item.path = name.path;
	item.flags |= name.flags;
	if ((e = visit_mappings(m, &p, all->to)) != ERR_OK)
		goto out;
	if (p.writable)
		item.flags |= COMPONENT_FILE_WRITABLE;
	if ((item.flags & (COMPONENT_FILE_MEMFD | COMPONENT_FILE_UNREADABLE)) == 0 &&
	    began_before_change(m->process->identity.stat.start_ticks, &p.stat))
		item.flags |= COMPONENT_FILE_NEWER;
	if (!is_main && (p.stat.st_dev != all->main_device || p.stat.st_ino != all->main_inode))
		item.flags |= COMPONENT_FILE_OTHER;
	e = component_add_file(all->to, &item);
out:
	if (name.fd >= 0)
		(void)close(name.fd);
	if (p.fd >= 0)
		(void)close(p.fd);
	buf_free(&link);
	return e;
}

/* Without the right to read the file itself there is still its stat. */
static enum err
open_program(
    struct programs *all, struct measure_context *m, struct program *p, struct component_file *item)
{
	p->fd = openat(m->process->dir, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (p->fd >= 0) {
		if (fstat(p->fd, &p->stat) != 0)
			return trouble_set(m->trouble, ERR_IO, "/proc/%d/exe: %s",
			    (int)m->process->pid, strerror(errno));
		return describe(all, m, p, item);
	}
	if (errno == ENOENT || errno == ESRCH)
		return ERR_CHANGED;
	p->fd = openat(m->process->dir, "exe", O_PATH | O_CLOEXEC);
	if (p->fd < 0 || fstat(p->fd, &p->stat) != 0)
		return trouble_set(
		    m->trouble, ERR_IO, "/proc/%d/exe: %s", (int)m->process->pid, strerror(errno));
	filehash_set_stat(item, &p->stat);
	item->flags |= COMPONENT_FILE_UNREADABLE;
	return ERR_OK;
}

/* Each file is read once, however many processes run it. */
static enum err
describe(struct programs *all, struct measure_context *m, const struct program *p,
    struct component_file *item)
{
	struct content *grown;
	enum err e;

	for (size_t i = 0; i < all->count; i++)
		if (all->known[i].device == p->stat.st_dev &&
		    all->known[i].inode == p->stat.st_ino) {
			*item = all->known[i].item;
			return ERR_OK;
		}
	watch_file(p->fd);
	if ((e = filehash_describe(m->hash, p->fd, false, item)) != ERR_OK)
		return e;
	if ((grown = reallocarray(all->known, all->count + 1, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	all->known = grown;
	grown[all->count++] = (struct content){p->stat.st_dev, p->stat.st_ino, *item};
	return ERR_OK;
}

/* Without its mappings it is not known whether the program is writable: that is no "no". */
static enum err
visit_mappings(struct measure_context *m, struct program *p, struct component_builder *to)
{
	struct mappings mappings = {.list = NULL};
	enum err e = mappings_list(m->process->dir, &mappings);

	if (e == ERR_IO)
		(void)trouble_set(
		    m->trouble, e, "/proc/%d/maps: %s", (int)m->process->pid, strerror(errno));
	for (size_t i = 0; i < mappings.count; i++)
		p->writable =
		    p->writable || (mappings.list[i].writable &&
				       mapped_file_is(p->fd, &p->stat, &mappings.list[i]));
	if (e == ERR_OK)
		e = add_modified(m, p, &mappings, to);
	mappings_free(&mappings);
	return e;
}

static enum err
add_modified(struct measure_context *m, const struct program *p, const struct mappings *mappings,
    struct component_builder *to)
{
	const struct mapped_roots roots = {m->root, m->workload->host_root};
	struct modified modified;
	enum err e = modified_begin(&modified, m->process->dir, &roots, to);

	for (size_t i = 0; e == ERR_OK && i < mappings->count; i++)
		if (mapped_file_is(p->fd, &p->stat, &mappings->list[i]))
			e = modified_add(&modified, &mappings->list[i]);
	if (e == ERR_IO)
		(void)trouble_set(
		    m->trouble, e, "/proc/%d/pagemap: %s", (int)m->process->pid, strerror(errno));
	if (filehash_spend(m->hash, modified_end(&modified)) != ERR_OK && e == ERR_OK)
		e = ERR_BUDGET;
	return e;
}
