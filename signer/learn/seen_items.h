/*
 * The items of components, joined: each content of a file and each list of values of a fact once,
 * with the hosts that had it. Only signer/learn/ includes this.
 */
#ifndef HALLMARK_SIGNER_LEARN_SEEN_ITEMS_H
#define HALLMARK_SIGNER_LEARN_SEEN_ITEMS_H

#include "proto/err.h"
#include "proto/siphash.h"
#include "signer/learn/seen_item.h"

struct seen_items;

/* NULL for want of memory. The key has to outlive it. */
struct seen_items *seen_items_new(const struct siphash_key *key);
void seen_items_free(struct seen_items **s);

/* Who sent a component, when, and beside which programs, as struct seen_item has them. */
struct seen_by {
	struct number_set hosts;
	struct seen_span when;
	struct number_set with, before;
	size_t number; /* of a component of kind executable */
};

/*
 * The items of one more component; counts it in the summary. Of files only those whose content a
 * reference set can list: not what lives in memory alone, could not be read, was changing, or is no
 * longer in its directory. ERR_MEMORY.
 */
enum err seen_items_add(struct seen_items *s, const struct component *c, const struct seen_by *by,
    struct seen_summary *summary) MUST_USE;

/* Behind the last one. ERR_MEMORY. */
enum err seen_items_sort(struct seen_items *s) MUST_USE;

/* These after sorting. */
size_t seen_items_count(const struct seen_items *s);
const struct seen_item *seen_items_at(const struct seen_items *s, size_t index);
size_t seen_items_memory_count(const struct seen_items *s);
const struct seen_memory *seen_items_memory_at(const struct seen_items *s, size_t index);

/* The one path of all main processes' programs; size 0: there are several, or none. */
struct view seen_items_program(const struct seen_items *s);

#endif
