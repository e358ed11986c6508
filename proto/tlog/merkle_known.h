/*
 * What an inclusion proof says of a tree beside its one leaf: the roots of all complete subtrees on
 * the leaf's way to the root, and of those beside it. Two trees of which one grew from the other
 * have the same root in each complete subtree that both of them have.
 *
 * A tree of `size` leaves, seen from level l, is a tree of ceil(size / 2^l) leaves: so a subtree is
 * proved as a leaf is (merkle_verify_subtree).
 */
#ifndef HALLMARK_PROTO_TLOG_MERKLE_KNOWN_H
#define HALLMARK_PROTO_TLOG_MERKLE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/tlog/merkle.h"

#define MERKLE_KNOWN_MAX (2 * MERKLE_LEVEL_MAX + 1)

/* The complete subtree `index` of 2^level leaves. */
struct merkle_known {
	unsigned level;
	uint64_t index;
	struct digest hash;
	/* Its own proof: the hash beside it, where it is one beside the way; then hashes of the
	 * leaf's proof, from this one on. */
	bool is_beside;
	struct digest beside;
	size_t above;
};

/*
 * Those that the proof of leaf `index` in a tree of `size` shows, the leaf first; gives how many.
 * The proof has to have been verified.
 */
size_t merkle_known_subtrees(const struct digest *leaf, uint64_t index, uint64_t size,
    const struct merkle_proof *p, struct merkle_known known[MERKLE_KNOWN_MAX]);

/* The subtree's own proof, made of the leaf's. */
void merkle_known_proof(
    const struct merkle_known *k, const struct merkle_proof *of_leaf, struct merkle_proof *out);

/*
 * The tree as it was when this subtree was its end: gives its size, its root, and the consistency
 * proof from it to the tree of `size`. False where another subtree has the same end and is larger:
 * that one is known too.
 */
bool merkle_known_prefix(const struct merkle_known *k, uint64_t size,
    const struct merkle_proof *of_leaf, uint64_t *prefix, struct digest *root,
    struct merkle_proof *consistency);

/*
 * ERR_PROOF unless the tree of `size` and `root` has this complete subtree; also where it is too
 * large to be complete in it.
 */
enum err merkle_verify_subtree(unsigned level, uint64_t index, const struct digest *hash,
    uint64_t size, const struct digest *root, const struct merkle_proof *p) MUST_USE;

#endif
