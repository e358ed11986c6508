#include "signer/ledger/known_trees.h"

#define SURE (KEYCHANNEL_TREES - 1)

void
known_trees_begin(struct known_trees *t, uint64_t size)
{
	t->count = 0;
	known_trees_add(t, size);
}

void
known_trees_add(struct known_trees *t, uint64_t size)
{
	t->size[t->count++ % KEYCHANNEL_TREES] = size;
}

bool
known_trees_has(const struct known_trees *t, uint64_t size)
{
	uint64_t oldest = t->count > SURE ? t->count - SURE : 0;

	return t->count > 0 && size >= t->size[oldest % KEYCHANNEL_TREES] &&
	       size <= t->size[(t->count - 1) % KEYCHANNEL_TREES];
}
