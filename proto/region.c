#include "proto/region.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_BYTES (64 * 1024)
#define CHUNK_FIRST 512 /* most files are small: chunks double up to CHUNK_BYTES */

struct region_chunk {
	struct region_chunk *older;
	size_t used, size; /* in units */
	uint64_t unit[];
};

static struct region_chunk *chunk_new(struct region *r, size_t units);

void *
region_memory(struct region *r, size_t count, size_t size)
{
	struct region_chunk *c = r->newest;
	size_t units;
	void *memory;

	if (size > 0 && count > (SIZE_MAX / 2 - sizeof(*c)) / size)
		abort();
	units = (count * size + sizeof(c->unit[0]) - 1) / sizeof(c->unit[0]);
	if (c == NULL || c->size - c->used < units)
		c = chunk_new(r, units);
	memory = c->unit + c->used;
	c->used += units;
	return memory;
}

void
region_free(struct region *r)
{
	struct region_chunk *older;

	for (struct region_chunk *c = r->newest; c != NULL; c = older) {
		older = c->older;
		free(c);
	}
	r->newest = NULL;
}

static struct region_chunk *
chunk_new(struct region *r, size_t units)
{
	const size_t unit = sizeof(r->newest->unit[0]);
	size_t size = CHUNK_FIRST / unit;
	struct region_chunk *c;

	if (r->newest != NULL)
		size = 2 * r->newest->size;
	if (size > CHUNK_BYTES / unit)
		size = CHUNK_BYTES / unit;
	if (size < units)
		size = units;
	if ((c = calloc(1, sizeof(*c) + size * unit)) == NULL)
		abort();
	c->older = r->newest;
	c->size = size;
	r->newest = c;
	return c;
}
