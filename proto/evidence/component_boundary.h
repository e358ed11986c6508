/*
 * Where a segment of a list ends: decided by the names of its items alone.
 *
 * Behind an item for which the first two bytes of SHA-256 of its path or name, as a number, are 0
 * modulo 512; behind the 4,096th item; and behind the last of all. So an item that comes or goes
 * changes one segment, seldom two, and the others keep their digests.
 *
 * The workload may choose names, and so where segments end: at the worst every item ends one.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_BOUNDARY_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

#define COMPONENT_SEGMENT_MODULUS   512  /* items of a segment, on average */
#define COMPONENT_SEGMENT_ITEMS_MAX 4096 /* one in 3,000 segments is that long by chance */

/* Whether a segment ends behind the item of this path or name, however few there are in it. */
bool component_ends_segment(struct view key);

/* The same of many at once, which costs less. */
void component_end_segments(const struct view *keys, size_t count, bool *ends);

#endif
