/*
 * In what two components of one kind differ: item by item, by path or by a fact's name.
 */
#ifndef HALLMARK_LOG_STORED_COMPONENT_DIFFERENCE_H
#define HALLMARK_LOG_STORED_COMPONENT_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/err.h"
#include "proto/evidence/component.h"

enum difference_side { DIFFERENCE_A, DIFFERENCE_B, DIFFERENCE_SIDES };

/*
 * An item that one of them has and the other has not, or has otherwise. Of several files with one
 * path those that are in both are left out, and the others are taken in pairs.
 */
struct item_difference {
	bool made; /* not found, but said of how it was measured */
	const struct component_file *file[DIFFERENCE_SIDES]; /* NULL: it has none, or is a fact */
	const struct component_fact *fact[DIFFERENCE_SIDES];
};

typedef void item_difference_take(void *context, const struct item_difference *d);

/* What they were made with comes first, then the items in their order. ERR_MEMORY. */
enum err component_difference(const struct component *a, const struct component *b,
    item_difference_take *take, void *context) MUST_USE;

/*
 * Of two facts with one name: the values that only one of them has, each as often as it has more of
 * them, in its own order. None: they have the same in another order.
 */
struct value_difference {
	size_t count[DIFFERENCE_SIDES];
	struct view *only[DIFFERENCE_SIDES];
};

/* ERR_MEMORY; to be freed all the same. */
enum err value_difference_make(const struct component_fact *a, const struct component_fact *b,
    struct value_difference *out) MUST_USE;
void value_difference_free(struct value_difference *d);

#endif
