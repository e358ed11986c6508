#include "collector/measure/measure_executable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/measure/mapped_file.h"
#include "collector/measure/maps.h"
#include "collector/subject/procfs.h"

struct program {
	int fd;
	struct stat stat;
	bool writable;
};

static enum err open_program(
    struct measure_context *m, struct program *p, struct component_file *item);
static enum err visit_mappings(struct measure_context *m, struct program *p);
static maps_visit visit_mapping;

enum err
measure_executable(struct measure_context *m, struct component_builder *to)
{
	struct component_file item;
	struct program p = {-1, {0}, false};
	struct mapped_name name = {.fd = -1};
	struct mapped_file held = {&p.stat, NULL};
	struct buf link = BUF_INIT;
	enum err e;

	memset(&item, 0, sizeof(item));
	if ((e = procfs_read_link(m->process->dir, "exe", &link)) != ERR_OK) {
		(void)trouble_set(
		    m->trouble, e, "/proc/%d/exe: %s", (int)m->process->pid, strerror(errno));
		goto out;
	}
	if ((e = open_program(m, &p, &item)) != ERR_OK)
		goto out;
	if ((e = mapped_file_resolve(m, buf_view(&link), &held, &name)) != ERR_OK) {
		(void)trouble_set(m->trouble, e, "/proc/%d/exe: expected a path, found '%.*s'",
		    (int)m->process->pid, (int)link.size, (const char *)link.data);
		goto out;
	}
	item.path = name.path;
	item.flags |= name.flags;
	if ((e = visit_mappings(m, &p)) != ERR_OK)
		goto out;
	if (p.writable)
		item.flags |= COMPONENT_FILE_WRITABLE;
	e = component_add_file(to, &item);
out:
	if (name.fd >= 0)
		(void)close(name.fd);
	if (p.fd >= 0)
		(void)close(p.fd);
	buf_free(&link);
	return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
}

/* Without the right to read the file itself there is still its stat. */
static enum err
open_program(struct measure_context *m, struct program *p, struct component_file *item)
{
	p->fd = openat(m->process->dir, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (p->fd >= 0) {
		if (fstat(p->fd, &p->stat) != 0)
			return trouble_set(m->trouble, ERR_IO, "/proc/%d/exe: %s",
			    (int)m->process->pid, strerror(errno));
		return filehash_describe(m->hash, p->fd, item);
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

/* Without its mappings it is not known whether the program is writable: that is no "no". */
static enum err
visit_mappings(struct measure_context *m, struct program *p)
{
	const int maps = openat(m->process->dir, "maps", O_RDONLY | O_CLOEXEC);

	if (maps >= 0)
		return maps_each(maps, visit_mapping, p);
	return errno == ENOENT || errno == ESRCH
		   ? ERR_NOT_FOUND
		   : trouble_set(m->trouble, ERR_IO, "/proc/%d/maps: %s", (int)m->process->pid,
			 strerror(errno));
}

static enum err
visit_mapping(void *context, const struct maps_entry *entry)
{
	struct program *p = context;

	if (entry->executable && entry->writable && mapped_file_is(p->fd, &p->stat, entry))
		p->writable = true;
	return ERR_OK;
}
