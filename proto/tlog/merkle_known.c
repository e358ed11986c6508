#include "proto/tlog/merkle_known.h"

#include <string.h>

/* Where a leaf's proof has come to: RFC 9162, 2.1.3.2, with the level that its node is on. */
struct way {
	unsigned level;
	uint64_t node, last;
	uint64_t size;
	struct digest hash;
};

static bool is_complete(unsigned level, uint64_t index, uint64_t size);
static bool beside_is_left(struct way *w);
static void climb(struct way *w, const struct digest *beside, bool left);

size_t
merkle_known_subtrees(const struct digest *leaf, uint64_t index, uint64_t size,
    const struct merkle_proof *p, struct merkle_known known[MERKLE_KNOWN_MAX])
{
	struct way w = {.node = index, .last = size - 1, .size = size, .hash = *leaf};
	size_t count = 0;

	for (size_t i = 0;; i++) {
		bool left;

		if (is_complete(w.level, w.node, size))
			known[count++] = (struct merkle_known){
			    .level = w.level, .index = w.node, .hash = w.hash, .above = i};
		if (i == p->count || w.last == 0)
			return count;
		left = beside_is_left(&w);
		if (is_complete(w.level, left ? w.node - 1 : w.node + 1, size))
			known[count++] = (struct merkle_known){.level = w.level,
			    .index = left ? w.node - 1 : w.node + 1,
			    .hash = p->hash[i],
			    .is_beside = true,
			    .beside = w.hash,
			    .above = i + 1};
		climb(&w, &p->hash[i], left);
	}
}

void
merkle_known_proof(
    const struct merkle_known *k, const struct merkle_proof *of_leaf, struct merkle_proof *out)
{
	out->count = 0;
	if (k->is_beside)
		out->hash[out->count++] = k->beside;
	for (size_t i = k->above; i < of_leaf->count; i++)
		out->hash[out->count++] = of_leaf->hash[i];
}

bool
merkle_known_prefix(const struct merkle_known *k, uint64_t size, const struct merkle_proof *of_leaf,
    uint64_t *prefix, struct digest *root, struct merkle_proof *consistency)
{
	struct way w = {
	    .level = k->level, .node = k->index, .last = (size - 1) >> k->level, .size = size};
	struct merkle_proof p;

	/* A right child ends where its parent does. */
	if ((k->index & 1) != 0)
		return false;
	*prefix = (k->index + 1) << k->level;
	*root = k->hash;
	merkle_known_proof(k, of_leaf, &p);
	for (size_t i = 0; i < p.count && w.last > 0; i++) {
		const bool left = beside_is_left(&w);

		if (left)
			merkle_node(&p.hash[i], root, root);
		w.node >>= 1;
		w.last >>= 1;
	}
	/* RFC 6962, 2.1.2: a tree that is one complete subtree is not said again. */
	consistency->count = 0;
	if (k->index != 0)
		consistency->hash[consistency->count++] = k->hash;
	for (size_t i = 0; i < p.count; i++)
		consistency->hash[consistency->count++] = p.hash[i];
	if (*prefix == size)
		consistency->count = 0;
	return true;
}

enum err
merkle_verify_subtree(unsigned level, uint64_t index, const struct digest *hash, uint64_t size,
    const struct digest *root, const struct merkle_proof *p)
{
	if (level >= MERKLE_LEVEL_MAX || !is_complete(level, index, size))
		return ERR_PROOF;
	return merkle_verify_inclusion(hash, index, ((size - 1) >> level) + 1, root, p);
}

static bool
is_complete(unsigned level, uint64_t index, uint64_t size)
{
	return level < MERKLE_LEVEL_MAX && index < size >> level;
}

/*
 * On which side the next hash of the proof is. A node that has nothing beside it, because the tree
 * ends with it, is carried up to where it has.
 */
static bool
beside_is_left(struct way *w)
{
	while (w->node == w->last && (w->node & 1) == 0 && w->node != 0) {
		w->node >>= 1;
		w->last >>= 1;
		w->level++;
	}
	return (w->node & 1) != 0;
}

static void
climb(struct way *w, const struct digest *beside, bool left)
{
	if (left)
		merkle_node(beside, &w->hash, &w->hash);
	else
		merkle_node(&w->hash, beside, &w->hash);
	w->node >>= 1;
	w->last >>= 1;
	w->level++;
}
