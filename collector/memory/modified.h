/*
 * What a component says of code that was written to in the memory of a process: an item for each
 * range (collector/memory/code.h), with the path of the file, and digest and size of what is in
 * memory; its details are `offset`, in the file, and `file`, the digest of what is there.
 *
 * A process has at most MODIFIED_RANGES_MAX of them read; what a mapping has beyond is one item
 * without digest, and its detail `pages` says how many they are. So is a mapping that is writable,
 * too, without a detail: what is in it may be another thing at any time.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_MODIFIED_H
#define HALLMARK_COLLECTOR_MEMORY_MODIFIED_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/memory/code.h"
#include "collector/memory/mapped_file.h"
#include "collector/memory/mappings.h"
#include "collector/memory/pages.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define MODIFIED_RANGES_MAX 64 /* of a process: at most 64 MiB of memory are read */

struct modified {
	int dir; /* of the process */
	struct mapped_roots roots;
	struct pages pages;
	struct code code;
	unsigned ranges;
	struct component_builder *to;
};

/*
 * Of the process `dir`; items go to `to`. End it in any case.
 * ERR_IO with errno, also if it has ended; ERR_FORMAT, ERR_MEMORY.
 */
enum err modified_begin(struct modified *m, int dir, const struct mapped_roots *roots,
    struct component_builder *to) MUST_USE;

/* A mapping of a file, or the kernel's [vdso]. As modified_begin; ERR_NOT_FOUND, ERR_CLOSED. */
enum err modified_add(struct modified *m, const struct maps_entry *mapping) MUST_USE;

/* Returns the bytes that were read. */
uint64_t modified_end(struct modified *m);

/* Memory that the kernel has put into a process in which it runs what stood under a breakpoint. */
bool modified_is_probe(const struct maps_entry *mapping);

#endif
