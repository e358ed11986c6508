#include "collector/memory/modified.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mapping that is looked at. */
struct place {
	struct modified *m;
	const struct maps_entry *mapping;
	struct component_file item; /* what all of its items have */
	struct buf name;            /* that the item's path points into */
	struct code_source source;
	bool is_open;   /* it was looked up what is mapped */
	bool is_code;   /* it can be compared: no device */
	uint64_t pages; /* beyond MODIFIED_RANGES_MAX */
};

static pages_visit visit_pages;
static code_visit add_range;
static enum err open_place(struct place *p);
static enum err open_file(struct place *p);
static enum err open_vdso(struct place *p);
static enum err add_whole(struct place *p);
static bool is_vdso(const struct maps_entry *mapping);

enum err
modified_begin(
    struct modified *m, int dir, const struct mapped_roots *roots, struct component_builder *to)
{
	*m = (struct modified){.dir = dir, .roots = *roots, .to = to};
	return pages_open(dir, &m->pages);
}

enum err
modified_add(struct modified *m, const struct maps_entry *mapping)
{
	struct place p = {.m = m, .mapping = mapping, .name = BUF_INIT, .source = {.fd = -1}};
	enum err e = pages_each(&m->pages, mapping, visit_pages, &p);

	if (e == ERR_OK && p.pages > 0)
		e = add_whole(&p);
	if (p.source.fd >= 0)
		(void)close(p.source.fd);
	buf_free(&p.name);
	return e;
}

uint64_t
modified_end(struct modified *m)
{
	const uint64_t read = m->code.read;

	code_close(&m->code);
	pages_close(&m->pages);
	return read;
}

bool
modified_is_probe(const struct maps_entry *mapping)
{
	return mapping->inode == 0 &&
	       (view_equal(mapping->path, VIEW_LITERAL("[uprobes]")) ||
		   view_equal(mapping->path, VIEW_LITERAL("[uprobes-trampoline]")));
}

static enum err
visit_pages(void *context, uint64_t start, uint64_t end, bool is_exact)
{
	struct place *p = context;
	enum err e = ERR_OK;

	if (!p->is_open)
		e = open_place(p);
	if (e != ERR_OK || !p->is_code)
		return e;
	if (p->mapping->writable || p->m->ranges >= MODIFIED_RANGES_MAX) {
		p->pages += (end - start) / p->m->pages.page_size;
		return ERR_OK;
	}
	if (p->m->code.page_size == 0 && (e = code_open(p->m->dir, &p->m->code)) != ERR_OK)
		return e;
	return code_compare(
	    &p->m->code, p->mapping, &p->source, start, end, is_exact, add_range, p);
}

static enum err
open_place(struct place *p)
{
	p->is_open = true;
	return is_vdso(p->mapping) ? open_vdso(p) : open_file(p);
}

/* Name and rights are those of the file, as its own item has them. */
static enum err
open_file(struct place *p)
{
	struct stat s;
	struct mapped_name name;
	struct mapped_file held = {NULL, p->mapping};
	int fd = mapped_file_open(p->m->dir, p->mapping, &s);

	if (fd >= 0)
		held.stat = &s;
	mapped_file_text(p->m->dir, p->mapping, &p->name);
	p->item.path = buf_view(&p->name);
	if (mapped_file_resolve(&p->m->roots, buf_view(&p->name), &held, &name) == ERR_OK)
		p->item.path = name.path;
	if (fd < 0 && name.fd >= 0 && fstat(name.fd, &s) == 0) {
		fd = name.fd;
		name.fd = -1;
	}
	p->is_code = fd < 0 || S_ISREG(s.st_mode);
	if (fd >= 0) {
		p->item.mode = s.st_mode;
		p->item.uid = s.st_uid;
		p->item.gid = s.st_gid;
		if (p->is_code)
			p->source.fd = mapped_file_reopen(fd);
		(void)close(fd);
	}
	if (name.fd >= 0)
		(void)close(name.fd);
	return buf_status(&p->name);
}

/*
 * All processes of one architecture have the same, and so the collector's own is the original;
 * where it is not as large, there is none to compare with.
 */
static enum err
open_vdso(struct place *p)
{
	struct mappings own = {.list = NULL};
	const int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum err e = self >= 0 ? mappings_list(self, &own) : ERR_IO;

	for (size_t i = 0; e == ERR_OK && i < own.count; i++) {
		const struct maps_entry *entry = &own.list[i];

		if (is_vdso(entry) && entry->start == getauxval(AT_SYSINFO_EHDR) &&
		    entry->end - entry->start == p->mapping->end - p->mapping->start)
			p->source.bytes = (struct view){(const uint8_t *)(uintptr_t)entry->start,
			    (size_t)(entry->end - entry->start)};
	}
	if (self >= 0)
		(void)close(self);
	mappings_free(&own);
	p->item.path = p->mapping->path;
	p->is_code = true;
	return e;
}

static enum err
add_range(void *context, const struct code_range *range)
{
	struct place *p = context;
	struct component_file item = p->item;
	struct buf offset = BUF_INIT, file = BUF_INIT;
	struct view details[2];
	char hex[DIGEST_HEX_SIZE + 1];
	enum err e;

	if (p->m->ranges >= MODIFIED_RANGES_MAX) {
		p->pages += range->size / p->m->pages.page_size;
		return ERR_OK;
	}
	p->m->ranges++;
	item.digest = range->memory;
	item.size = range->size;
	item.flags = COMPONENT_FILE_MODIFIED;
	if (range->state == CODE_RESTORED)
		item.flags = COMPONENT_FILE_RESTORED;
	else if (range->state == CODE_BREAKPOINTS)
		item.flags = COMPONENT_FILE_PROBED;
	if (digest_is_zero(&range->memory))
		item.flags |= COMPONENT_FILE_UNREADABLE;
	if (!digest_is_zero(&range->file)) {
		digest_to_hex(&range->file, hex);
		buf_append_format(&file, "file=sha256:%s", hex);
		details[item.detail_count++] = buf_view(&file);
	}
	buf_append_format(&offset, "offset=%llu", (unsigned long long)range->offset);
	details[item.detail_count++] = buf_view(&offset);
	item.details = details;
	if ((e = buf_status(&file)) == ERR_OK && (e = buf_status(&offset)) == ERR_OK)
		e = component_add_file(p->m->to, &item);
	buf_free(&file);
	buf_free(&offset);
	return e;
}

/* Of what changes while it is written, it is not told how much that is. */
static enum err
add_whole(struct place *p)
{
	struct component_file item = p->item;
	struct buf pages = BUF_INIT;
	struct view detail;
	enum err e;

	item.flags = COMPONENT_FILE_MODIFIED;
	if (p->mapping->writable) {
		item.flags |= COMPONENT_FILE_WRITABLE;
		return component_add_file(p->m->to, &item);
	}
	buf_append_format(&pages, "pages=%llu", (unsigned long long)p->pages);
	detail = buf_view(&pages);
	item.details = &detail;
	item.detail_count = 1;
	if ((e = buf_status(&pages)) == ERR_OK)
		e = component_add_file(p->m->to, &item);
	buf_free(&pages);
	return e;
}

static bool
is_vdso(const struct maps_entry *mapping)
{
	return mapping->inode == 0 && view_equal(mapping->path, VIEW_LITERAL("[vdso]"));
}
