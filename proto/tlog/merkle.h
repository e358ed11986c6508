/*
 * The Merkle tree of RFC 6962 section 2.1 and its proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2
 * for verification).
 *
 *   leaf = SHA-256(00 || entry)   node = SHA-256(01 || left || right)   empty tree = SHA-256("")
 *
 * A *frontier* is the least state from which a tree can grow: the roots of its complete subtrees,
 * one per set bit of its size. A *batch* is a frontier and the leaves that were added to it; every
 * inclusion proof of an added leaf, and the consistency proof from the old tree to the new, can be
 * read off it without any other node.
 */
#ifndef HALLMARK_PROTO_TLOG_MERKLE_H
#define HALLMARK_PROTO_TLOG_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/digest.h"
#include "proto/err.h"

#define MERKLE_LEVEL_MAX       64 /* a size is a uint64_t: no path is longer */
#define MERKLE_PROOF_MAX       64 /* hashes in an inclusion proof */
#define MERKLE_CONSISTENCY_MAX 65 /* hashes in a consistency proof */

void merkle_leaf(struct view entry, struct digest *out);
void merkle_node(const struct digest *left, const struct digest *right, struct digest *out);
void merkle_empty_root(struct digest *out);

/* Many at once, in half the time. */
void merkle_leaves(const struct view *entries, size_t count, struct digest *out);

/* out[i] is the parent of children[2*i] and children[2*i+1]; `out` may be `children`. */
void merkle_nodes(const struct digest *children, size_t count, struct digest *out);

/* node[l] is meaningful where bit l of size is set: the complete subtree of 2^l leaves. */
struct merkle_frontier {
	uint64_t size; /* leaves */
	struct digest node[MERKLE_LEVEL_MAX];
};

void merkle_frontier_init(struct merkle_frontier *f);
void merkle_frontier_append(struct merkle_frontier *f, const struct digest *leaf);
void merkle_frontier_root(const struct merkle_frontier *f, struct digest *root);

/*
 * A proof as it stands in a document: from leaf to root for inclusion, in the order of RFC 6962
 * section 2.1.2 for consistency.
 */
struct merkle_proof {
	size_t count; /* hashes */
	struct digest hash[MERKLE_CONSISTENCY_MAX];
};

struct merkle_batch;

/* An empty batch on the empty tree; NULL for want of memory. */
struct merkle_batch *merkle_batch_new(void);
void merkle_batch_free(struct merkle_batch **b);

/* The memory it holds. */
size_t merkle_batch_bytes(const struct merkle_batch *b);

/* Starts again on `old`, keeps the memory. */
void merkle_batch_begin(struct merkle_batch *b, const struct merkle_frontier *old);

/* Adds a leaf. ERR_MEMORY leaves the batch as it was. */
enum err merkle_batch_add(struct merkle_batch *b, const struct digest *leaf) MUST_USE;

uint64_t merkle_batch_old_size(const struct merkle_batch *b);

/* Root of the tree with all leaves added so far. */
void merkle_batch_root(const struct merkle_batch *b, struct digest *root);

/* Frontier of the tree with all leaves added so far. */
void merkle_batch_frontier(const struct merkle_batch *b, struct merkle_frontier *f);

/* Proof of leaf `index` (old size <= index < new size; anything else aborts) in the new tree. */
void merkle_batch_inclusion(const struct merkle_batch *b, uint64_t index, struct merkle_proof *p);

/* Proof from the old tree to the new one. Empty if the sizes are equal or the old size is 0. */
void merkle_batch_consistency(const struct merkle_batch *b, struct merkle_proof *p);

/*
 * Proofs from stored nodes. `read` yields the root of the complete subtree `index` of 2^level
 * leaves; its error is passed on. Only nodes that lie wholly in a tree of `size` are asked for.
 */
typedef enum err merkle_read(void *context, unsigned level, uint64_t index, struct digest *out);

enum err merkle_prove_inclusion(uint64_t size, uint64_t index, merkle_read *read, void *context,
    struct merkle_proof *p) MUST_USE;
enum err merkle_prove_consistency(uint64_t old_size, uint64_t new_size, merkle_read *read,
    void *context, struct merkle_proof *p) MUST_USE;
enum err merkle_read_frontier(
    uint64_t size, merkle_read *read, void *context, struct merkle_frontier *f) MUST_USE;

/* ERR_PROOF unless the proof shows exactly this; a proof that is too long or short is wrong. */
enum err merkle_verify_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
    const struct digest *root, const struct merkle_proof *p) MUST_USE;
enum err merkle_verify_consistency(uint64_t old_size, const struct digest *old_root,
    uint64_t new_size, const struct digest *new_root, const struct merkle_proof *p) MUST_USE;

#endif
