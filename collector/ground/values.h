/*
 * The values of a fact while they are gathered: any bytes, in one buffer. Start from
 * VALUES_INIT, end with values_free.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_VALUES_H
#define HALLMARK_COLLECTOR_GROUND_VALUES_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

struct values {
	struct buf text; /* all of them; write the next one behind, then call values_end */
	struct buf ends; /* a size_t each: where it ends in `text` */
	size_t count;
};

#define VALUES_INIT ((struct values){BUF_INIT, BUF_INIT, 0})

enum values_order {
	VALUES_KEPT,
	VALUES_SORTED,   /* bytewise */
	VALUES_DISTINCT, /* the same, each once */
};

/* What was written into `text` since the last call is a value. */
void values_end(struct values *v);

/* Appends a whole one. */
void values_add(struct values *v, struct view value);

/* All of them, valid until one more is added; to be freed. NULL: no memory. */
struct view *values_views(const struct values *v);

/* Adds the fact. ERR_MEMORY, and what component_add_fact has. */
enum err values_finish(struct values *v, enum values_order order, const char *name,
    struct component_builder *to) MUST_USE;

void values_free(struct values *v);

#endif
