#include "collector/memory/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"

#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_FILE ((uint64_t)1 << 61)
#define GUARD   ((uint64_t)1 << 58) /* of MADV_GUARD_INSTALL: nobody can reach what is there */

/* Entries of pagemap that are read at once: 4 MiB of code. */
#define ENTRIES 1024

/* The run that is being walked through. */
struct run {
	pages_visit *visit;
	void *context;
	uint64_t start, end; /* the same: none */
};

static enum err walk(const struct pages *p, const struct maps_entry *mapping, struct run *run);
static enum err note_page(struct run *run, uint64_t start, uint64_t size);
static enum err end_run(struct run *run);
static bool is_written(uint64_t entry);

enum err
pages_open(int dir, struct pages *out)
{
	memset(out, 0, sizeof(*out));
	out->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	out->pagemap = openat(dir, "pagemap", O_RDONLY | O_CLOEXEC);
	return out->pagemap >= 0 ? ERR_OK : smaps_list(dir, &out->smaps);
}

void
pages_close(struct pages *p)
{
	if (p->pagemap >= 0 && p->page_size != 0)
		(void)close(p->pagemap);
	smaps_free(&p->smaps);
	memset(p, 0, sizeof(*p));
}

enum err
pages_each(
    const struct pages *p, const struct maps_entry *mapping, pages_visit *visit, void *context)
{
	struct run run = {visit, context, 0, 0};
	enum err e;

	if (p->pagemap >= 0)
		return (e = walk(p, mapping, &run)) == ERR_OK ? end_run(&run) : e;
	return smaps_has_written(&p->smaps, mapping)
		   ? visit(context, mapping->start, mapping->end, false)
		   : ERR_OK;
}

static enum err
walk(const struct pages *p, const struct maps_entry *mapping, struct run *run)
{
	uint64_t entries[ENTRIES];
	uint64_t at = mapping->start;
	enum err e = ERR_OK;

	while (e == ERR_OK && at < mapping->end) {
		const uint64_t wanted = (mapping->end - at) / p->page_size;
		const size_t size = (wanted < ENTRIES ? wanted : ENTRIES) * sizeof(entries[0]);
		const ssize_t got = pread(
		    p->pagemap, entries, size, (off_t)(at / p->page_size * sizeof(entries[0])));

		if (interrupt_stop())
			return ERR_CLOSED;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got < (ssize_t)sizeof(entries[0])) /* the memory of the process is gone */
			return ERR_NOT_FOUND;
		for (size_t i = 0; e == ERR_OK && i < (size_t)got / sizeof(entries[0]); i++) {
			if (is_written(entries[i]))
				e = note_page(run, at, p->page_size);
			at += p->page_size;
		}
	}
	return e;
}

static enum err
note_page(struct run *run, uint64_t start, uint64_t size)
{
	enum err e = ERR_OK;

	if (run->end != start) {
		e = end_run(run);
		run->start = start;
	}
	run->end = start + size;
	return e;
}

static enum err
end_run(struct run *run)
{
	return run->start < run->end ? run->visit(run->context, run->start, run->end, true)
				     : ERR_OK;
}

static bool
is_written(uint64_t entry)
{
	return (entry & (PRESENT | SWAPPED)) != 0 && (entry & (OF_FILE | GUARD)) == 0;
}
