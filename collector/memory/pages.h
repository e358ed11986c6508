/*
 * Pages of a mapping of a file that are no pages of that file any more.
 *
 * What is written into a private mapping goes into a copy of the page, which belongs to the process
 * alone, by whomever it is written: a debugger, /proc/PID/mem, a probe of the kernel, or the
 * program itself after mprotect. An entry of /proc/PID/pagemap (proc(5)) tells the two apart: bit
 * 61 is set for a page of a file, whatever is in it; bits 63 and 62, present and swapped out, tell
 * that there is a page. Text is not relocated, so that no honest program has such a page.
 *
 * Where pagemap may not be read, smaps tells of each mapping how much of it is such memory, and not
 * where.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_PAGES_H
#define HALLMARK_COLLECTOR_MEMORY_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/memory/maps.h"
#include "collector/memory/smaps.h"
#include "proto/err.h"

/* Zero-initialised until it is opened. */
struct pages {
	int pagemap;        /* -1: smaps is used */
	uint64_t page_size; /* bytes */
	struct smaps smaps;
};

/* Of the process `dir`. ERR_IO with errno, also if it has ended; ERR_FORMAT, ERR_MEMORY. */
enum err pages_open(int dir, struct pages *out) MUST_USE;
void pages_close(struct pages *p);

/*
 * Calls back for each run of such pages between two addresses, in their order; `is_exact`: these
 * pages, not somewhere in them. Its error ends the walk.
 * ERR_NOT_FOUND: the process has ended. ERR_IO. ERR_CLOSED: the program was asked to stop.
 */
typedef enum err pages_visit(void *context, uint64_t start, uint64_t end, bool is_exact);
enum err pages_each(const struct pages *p, const struct maps_entry *mapping, pages_visit *visit,
    void *context) MUST_USE;

#endif
