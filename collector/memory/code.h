/*
 * Written pages of code (collector/memory/pages.h) against what is in the file.
 *
 * Memory is read through /proc/PID/mem. What stands behind the end of the file is zero, as it is in
 * memory. A page that has the file's bytes was written to and then written back, as a debugger's
 * breakpoint is: it says that something was there, and no more than that.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_CODE_H
#define HALLMARK_COLLECTOR_MEMORY_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/memory/maps.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define CODE_RANGE_MAX (1024 * 1024) /* bytes: what is longer is told as several */

enum code_state {
	CODE_UNKNOWN,     /* one of the two could not be read */
	CODE_CHANGED,     /* not the file's bytes */
	CODE_BREAKPOINTS, /* all bytes that are not the file's are instructions that stop a program
			   */
	CODE_RESTORED,    /* the file's bytes */
};

/* Pages that are adjacent and in the same state. */
struct code_range {
	uint64_t offset; /* bytes into the file */
	uint64_t size;   /* bytes */
	enum code_state state;
	struct digest memory, file; /* zero if it could not be read */
};

/* Zero-initialised until it is opened. */
struct code {
	int memory; /* -1 if it may not be read */
	uint64_t page_size;
	uint8_t *bytes; /* of memory, then of the file */
	uint64_t read;  /* bytes of both, until now */
};

/* Where the mapped bytes come from: an open file, or, with -1, `bytes`; neither: not known. */
struct code_source {
	int fd;
	struct view bytes;
};

/* Of the process `dir`. ERR_MEMORY. */
enum err code_open(int dir, struct code *out) MUST_USE;
void code_close(struct code *c);

/*
 * Compares the pages between two addresses of a mapping and calls back for each range. If these
 * pages are not known to be written (`is_exact`), those with the file's bytes are none. The
 * callback's error ends the walk. ERR_CLOSED: the program was asked to stop.
 */
typedef enum err code_visit(void *context, const struct code_range *range);
enum err code_compare(struct code *c, const struct maps_entry *mapping,
    const struct code_source *source, uint64_t start, uint64_t end, bool is_exact,
    code_visit *visit, void *context) MUST_USE;

#endif
