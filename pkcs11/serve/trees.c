#include "pkcs11/serve/trees.h"

#include <stdlib.h>

static const struct tree *
tree_number(const struct trees *t, uint64_t number)
{
	return &t->tree[number % KEYCHANNEL_TREES];
}

void
trees_add(struct trees *t, uint64_t size, const struct digest *root)
{
	if (t->count > 0) {
		const struct tree *newest = tree_number(t, t->count - 1);

		if (size == newest->size && digest_equal(root, &newest->root))
			return;
		if (size <= newest->size)
			abort(); /* the guard has let a tree shrink */
	}
	t->tree[t->count++ % KEYCHANNEL_TREES] = (struct tree){size, *root};
}

const struct digest *
trees_root(const struct trees *t, uint64_t size)
{
	uint64_t low = t->count > KEYCHANNEL_TREES ? t->count - KEYCHANNEL_TREES : 0;
	uint64_t high = t->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct tree *tree = tree_number(t, middle);

		if (tree->size == size)
			return &tree->root;
		if (tree->size < size)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
