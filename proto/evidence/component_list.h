/*
 * Components of many items: a list that names segments (proto/evidence/component.h has the forms).
 * Where a segment ends, proto/evidence/component_boundary.h says.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_LIST_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/component.h"
#include "proto/evidence/component_boundary.h"

/*
 * Thirty times what a million names make by chance: who chooses names can make it as many as there
 * are items. Seven bitmaps of these fit into a want.
 */
#define COMPONENT_SEGMENTS_MAX 65536

#define COMPONENT_LISTED_SIZE_MAX (256 * 1024 * 1024) /* bytes of all segments of a list */

struct component_segment {
	struct digest digest;
	uint64_t count; /* items; at least 1 */
	uint64_t size;  /* bytes */
};

/* A decoded list. What it was made with points into the bytes it was decoded from. */
struct component_list {
	enum component_kind kind;
	size_t made_count;
	const struct component_fact *made;
	size_t made_value_count; /* of all of them */
	size_t segment_count;
	const struct component_segment *segments;
	uint64_t item_count;  /* of all segments: more than COMPONENT_PLAIN_ITEMS_MAX */
	uint64_t listed_size; /* bytes of all segments */
	void *storage;        /* private */
};

/* ERR_COMPONENT_FORMAT, ERR_MEMORY. Sets *out to NULL first. `bytes` must outlive it. */
enum err component_list_decode(struct view bytes, struct component_list **out) MUST_USE;
void component_list_free(struct component_list **l);

/*
 * Whether `bytes` are this segment of a list of that kind (`last`: the last of it), as far as it
 * can be seen without the others: its size, kind, count and form, the order of its items, and where
 * it ends. ERR_COMPONENT_FORMAT. The digest is the caller's to compare.
 */
enum err component_segment_check(enum component_kind kind, const struct component_segment *s,
    bool last, struct view bytes) MUST_USE;

/*
 * The one component that all segments make when put together, for appraisal: `segments` are the
 * bytes of all of the list's, one behind the other in its order. All of component_segment_check,
 * the order across segments, and COMPONENT_VALUES_MAX: ERR_COMPONENT_FORMAT. ERR_MEMORY. Sets *out
 * to NULL first; it is freed by component_free. The bytes of list and segments must outlive it, the
 * list need not.
 */
enum err component_list_join(
    const struct component_list *l, struct view segments, struct component **out) MUST_USE;

#endif
