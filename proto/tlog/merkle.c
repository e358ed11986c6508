#include "proto/tlog/merkle.h"

#include <stdlib.h>
#include <string.h>

#include "proto/digest_many.h"

static const uint8_t leaf_prefix[] = {0x00};
static const uint8_t node_prefix[] = {0x01};

void
merkle_leaf(struct view entry, struct digest *out)
{
	struct view parts[] = {{leaf_prefix, 1}, entry};

	digest_of_parts(parts, 2, out);
}

void
merkle_leaves(const struct view *entries, size_t count, struct digest *out)
{
	struct digest_message message[DIGEST_LANES];
	size_t size;

	for (size_t done = 0; done < count; done += size) {
		size = count - done < DIGEST_LANES ? count - done : DIGEST_LANES;
		for (size_t i = 0; i < size; i++)
			message[i] = (struct digest_message){{leaf_prefix, 1}, entries[done + i]};
		digest_of_messages(message, size, out + done);
	}
}

void
merkle_node(const struct digest *left, const struct digest *right, struct digest *out)
{
	uint8_t bytes[1 + 2 * DIGEST_SIZE];

	bytes[0] = node_prefix[0];
	memcpy(bytes + 1, left->bytes, DIGEST_SIZE);
	memcpy(bytes + 1 + DIGEST_SIZE, right->bytes, DIGEST_SIZE);
	digest_of(bytes, sizeof(bytes), out);
}

void
merkle_nodes(const struct digest *children, size_t count, struct digest *out)
{
	struct digest_message message[DIGEST_LANES];
	size_t size;

	for (size_t done = 0; done < count; done += size) {
		size = count - done < DIGEST_LANES ? count - done : DIGEST_LANES;
		for (size_t i = 0; i < size; i++)
			message[i] = (struct digest_message){{node_prefix, 1},
			    {children[2 * (done + i)].bytes, 2 * (size_t)DIGEST_SIZE}};
		digest_of_messages(message, size, out + done);
	}
}

void
merkle_empty_root(struct digest *out)
{
	digest_of(NULL, 0, out);
}

void
merkle_frontier_init(struct merkle_frontier *f)
{
	memset(f, 0, sizeof(*f));
}

void
merkle_frontier_append(struct merkle_frontier *f, const struct digest *leaf)
{
	struct digest carry = *leaf;
	unsigned level = 0;

	if (f->size == UINT64_MAX)
		abort(); /* no index is left */
	for (; (f->size >> level & 1) != 0; level++)
		merkle_node(&f->node[level], &carry, &carry);
	f->node[level] = carry;
	f->size++;
}

void
merkle_frontier_root(const struct merkle_frontier *f, struct digest *root)
{
	bool found = false;

	if (f->size == 0) {
		merkle_empty_root(root);
		return;
	}
	for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++) {
		if ((f->size >> level & 1) == 0)
			continue;
		if (found)
			merkle_node(&f->node[level], root, root);
		else
			*root = f->node[level];
		found = true;
	}
}

/* RFC 9162, 2.1.3.2. */
enum err
merkle_verify_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
    const struct digest *root, const struct merkle_proof *p)
{
	struct digest hash = *leaf;
	uint64_t node = index, last = size - 1;

	if (index >= size || p->count > MERKLE_PROOF_MAX)
		return ERR_PROOF;
	for (size_t i = 0; i < p->count; i++) {
		if (last == 0)
			return ERR_PROOF;
		if ((node & 1) != 0 || node == last) {
			merkle_node(&p->hash[i], &hash, &hash);
			while ((node & 1) == 0 && node != 0) {
				node >>= 1;
				last >>= 1;
			}
		} else {
			merkle_node(&hash, &p->hash[i], &hash);
		}
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && digest_equal(&hash, root) ? ERR_OK : ERR_PROOF;
}

/* RFC 9162, 2.1.4.2. */
enum err
merkle_verify_consistency(uint64_t old_size, const struct digest *old_root, uint64_t new_size,
    const struct digest *new_root, const struct merkle_proof *p)
{
	uint64_t node = old_size - 1, last = new_size - 1;
	struct digest old_hash, new_hash;
	size_t i = 0;

	/* Every tree extends the empty one, which has but one root. */
	if (old_size == 0 && new_size != 0) {
		merkle_empty_root(&old_hash);
		return p->count == 0 && digest_equal(&old_hash, old_root) ? ERR_OK : ERR_PROOF;
	}
	if (old_size > new_size || p->count > MERKLE_CONSISTENCY_MAX)
		return ERR_PROOF;
	if (old_size == new_size)
		return p->count == 0 && digest_equal(old_root, new_root) ? ERR_OK : ERR_PROOF;
	while ((node & 1) != 0) {
		node >>= 1;
		last >>= 1;
	}
	/* The old tree is a complete subtree of the new one: its root is where the path begins. */
	if (node == 0)
		old_hash = *old_root;
	else if (p->count > 0)
		old_hash = p->hash[i++];
	else
		return ERR_PROOF;
	new_hash = old_hash;
	for (; i < p->count; i++) {
		if (last == 0)
			return ERR_PROOF;
		if ((node & 1) != 0 || node == last) {
			merkle_node(&p->hash[i], &old_hash, &old_hash);
			merkle_node(&p->hash[i], &new_hash, &new_hash);
			while ((node & 1) == 0 && node != 0) {
				node >>= 1;
				last >>= 1;
			}
		} else {
			merkle_node(&new_hash, &p->hash[i], &new_hash);
		}
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && digest_equal(&old_hash, old_root) && digest_equal(&new_hash, new_root)
		   ? ERR_OK
		   : ERR_PROOF;
}
