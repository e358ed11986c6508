/*
 * An independent inventory held against the workloads of a log: what is listed and never seen, and
 * what is seen and not listed.
 */
#ifndef HALLMARK_AUDITOR_PACK_LISTED_H
#define HALLMARK_AUDITOR_PACK_LISTED_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

#define LISTED_SIZE_MAX (16U << 20) /* bytes of an inventory: 200,000 lines */

struct listed_line {
	struct view host, workload; /* workload of size 0: all of the host's */
	bool seen;
};

/* Zero-initialised. */
struct listed {
	struct buf text;
	struct listed_line *line; /* owned */
	size_t count;
};

/* Lines "host" or "host,workload"; empty ones and those that begin with # count for nothing. */
enum err listed_read(struct listed *l, const char *path) MUST_USE;
void listed_free(struct listed *l);

/* Whether it is listed; then it is seen. */
bool listed_find(struct listed *l, struct view host, struct view workload);

#endif
