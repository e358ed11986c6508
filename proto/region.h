/*
 * Memory that is taken in small pieces and let go all at once: what is made of a file with tens of
 * thousands of values, and lives as long as all of it.
 */
#ifndef HALLMARK_PROTO_REGION_H
#define HALLMARK_PROTO_REGION_H

#include <stddef.h>

struct region_chunk;

/* Zero-initialised: there is nothing in it. */
struct region {
	struct region_chunk *newest;
};

/*
 * Zeroed, for pointers and 64-bit numbers and what is made of them; it never moves. Of no items
 * there is an address, too. Aborts for want of memory.
 */
void *region_memory(struct region *r, size_t count, size_t size);

/* Lets all of it go; the region is as it was at first. */
void region_free(struct region *r);

#endif
