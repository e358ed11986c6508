/*
 * Making proofs. A tree of `size` leaves has, at level l, size >> l complete nodes, and behind them
 * at most one ragged one: the leaves that do not fill a subtree of 2^l. Its hash is the hash of the
 * tree of those leaves alone (RFC 6962, 2.1), which is how a node without a sibling moves up.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/tlog/merkle.h"

/* Nodes of a level before it grows: a frontier's and a few; 64 levels of them are 8 KiB. */
#define LEVEL_FIRST_CAPACITY 4

/* Where complete nodes come from, and the hashes of the ragged ones if they are known already. */
struct source {
	uint64_t size;
	merkle_read *read;
	void *context;
	const struct digest *ragged; /* by level, or NULL */
};

/* Nodes of one level: those that a tree with the batch has and that end at its right edge. */
struct level {
	uint64_t first; /* index of node[0]; even */
	size_t count;
	size_t capacity;
	struct digest *node;
};

struct merkle_batch {
	uint64_t old_size;
	uint64_t size;
	struct level level[MERKLE_LEVEL_MAX];
	/* ragged[l]: root of the leaves behind the complete nodes of level l; made when needed */
	struct digest ragged[MERKLE_LEVEL_MAX + 1];
	bool ragged_made;
};

static enum err range_root(
    const struct source *s, uint64_t begin, uint64_t end, struct digest *out);
static enum err ragged_root(const struct source *s, unsigned level, struct digest *out);
static enum err prove_inclusion(const struct source *s, uint64_t index, struct merkle_proof *p);
static enum err prove_consistency(
    const struct source *s, uint64_t old_size, struct merkle_proof *p);
static enum err batch_read(void *context, unsigned level, uint64_t index, struct digest *out);
static enum err level_push(struct level *l, const struct digest *node);
static enum err level_grow(struct level *l);
static void make_ragged(const struct merkle_batch *b);
static uint64_t power_below(uint64_t number);

enum err
merkle_prove_inclusion(
    uint64_t size, uint64_t index, merkle_read *read, void *context, struct merkle_proof *p)
{
	struct source s = {size, read, context, NULL};

	p->count = 0;
	return index < size ? prove_inclusion(&s, index, p) : ERR_MSG_RANGE;
}

enum err
merkle_prove_consistency(
    uint64_t old_size, uint64_t new_size, merkle_read *read, void *context, struct merkle_proof *p)
{
	struct source s = {new_size, read, context, NULL};

	p->count = 0;
	return old_size <= new_size ? prove_consistency(&s, old_size, p) : ERR_MSG_RANGE;
}

enum err
merkle_read_frontier(uint64_t size, merkle_read *read, void *context, struct merkle_frontier *f)
{
	enum err e = ERR_OK;

	merkle_frontier_init(f);
	for (unsigned level = 0; level < MERKLE_LEVEL_MAX && e == ERR_OK; level++)
		if ((size >> level & 1) != 0)
			e = read(context, level, (size >> level) - 1, &f->node[level]);
	f->size = size;
	return e;
}

struct merkle_batch *
merkle_batch_new(void)
{
	struct merkle_batch *b = calloc(1, sizeof(*b));

	/* Room for the first nodes of each level, so that merkle_batch_begin cannot fail. */
	for (unsigned level = 0; b != NULL && level < MERKLE_LEVEL_MAX; level++)
		if (level_grow(&b->level[level]) != ERR_OK)
			merkle_batch_free(&b);
	return b;
}

void
merkle_batch_free(struct merkle_batch **b)
{
	if (*b == NULL)
		return;
	for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++)
		free((*b)->level[level].node);
	free(*b);
	*b = NULL;
}

size_t
merkle_batch_bytes(const struct merkle_batch *b)
{
	size_t bytes = sizeof(*b);

	for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++)
		bytes += b->level[level].capacity * sizeof(*b->level[level].node);
	return bytes;
}

void
merkle_batch_begin(struct merkle_batch *b, const struct merkle_frontier *old)
{
	b->old_size = old->size;
	b->size = old->size;
	b->ragged_made = false;
	for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++) {
		struct level *l = &b->level[level];

		l->count = 0;
		l->first = old->size >> level & ~(uint64_t)1;
		if ((old->size >> level & 1) != 0 && level_push(l, &old->node[level]) != ERR_OK)
			abort(); /* there is room for the first node of each level */
	}
}

enum err
merkle_batch_add(struct merkle_batch *b, const struct digest *leaf)
{
	struct digest carry = *leaf;
	unsigned level = 0, pushed;
	enum err e;

	if (b->size == UINT64_MAX)
		abort(); /* no index is left */
	b->ragged_made = false;
	while (
	    (e = level_push(&b->level[level], &carry)) == ERR_OK && (b->size >> level & 1) != 0) {
		const struct level *l = &b->level[level];

		merkle_node(&l->node[l->count - 2], &l->node[l->count - 1], &carry);
		level++;
	}
	if (e == ERR_OK) {
		b->size++;
		return ERR_OK;
	}
	for (pushed = 0; pushed < level; pushed++)
		b->level[pushed].count--;
	return e;
}

uint64_t
merkle_batch_old_size(const struct merkle_batch *b)
{
	return b->old_size;
}

void
merkle_batch_root(const struct merkle_batch *b, struct digest *root)
{
	struct merkle_frontier f;

	merkle_batch_frontier(b, &f);
	merkle_frontier_root(&f, root);
}

void
merkle_batch_frontier(const struct merkle_batch *b, struct merkle_frontier *f)
{
	if (merkle_read_frontier(b->size, batch_read, (void *)b, f) != ERR_OK)
		abort();
}

void
merkle_batch_inclusion(const struct merkle_batch *b, uint64_t index, struct merkle_proof *p)
{
	struct source s = {b->size, batch_read, (void *)b, b->ragged};

	p->count = 0;
	if (index < b->old_size || index >= b->size)
		abort();
	make_ragged(b);
	if (prove_inclusion(&s, index, p) != ERR_OK)
		abort();
}

void
merkle_batch_consistency(const struct merkle_batch *b, struct merkle_proof *p)
{
	struct source s = {b->size, batch_read, (void *)b, NULL};

	p->count = 0;
	if (prove_consistency(&s, b->old_size, p) != ERR_OK)
		abort();
}

/* At each level the sibling: a complete node, the ragged one, or none. */
static enum err
prove_inclusion(const struct source *s, uint64_t index, struct merkle_proof *p)
{
	enum err e = ERR_OK;

	for (unsigned level = 0; level < MERKLE_LEVEL_MAX && e == ERR_OK; level++) {
		uint64_t sibling = (index >> level) ^ 1, complete = s->size >> level;
		struct digest *hash = &p->hash[p->count];

		if ((s->size - 1) >> level == 0)
			break;
		if (sibling < complete)
			e = s->read(s->context, level, sibling, hash);
		else if (sibling == complete && complete << level != s->size)
			e = ragged_root(s, level, hash);
		else
			continue;
		p->count++;
	}
	return e;
}

/*
 * RFC 6962, 2.1.2, from the whole tree down to the last subtree of the old one. What is met on the
 * way stands in the proof in the opposite order.
 */
static enum err
prove_consistency(const struct source *s, uint64_t old_size, struct merkle_proof *p)
{
	uint64_t begin = 0, end = s->size, middle;
	struct digest swap;
	enum err e = ERR_OK;

	if (old_size == 0 || old_size == s->size)
		return ERR_OK;
	while (old_size != end && e == ERR_OK) {
		middle = begin + power_below(end - begin);
		if (old_size <= middle) {
			e = range_root(s, middle, end, &p->hash[p->count++]);
			end = middle;
		} else {
			e = range_root(s, begin, middle, &p->hash[p->count++]);
			begin = middle;
		}
	}
	/* A last subtree that is not the whole old tree is not known to the verifier. */
	if (e == ERR_OK && begin != 0)
		e = range_root(s, begin, end, &p->hash[p->count++]);
	for (size_t i = 0; i < p->count / 2; i++) {
		swap = p->hash[i];
		p->hash[i] = p->hash[p->count - 1 - i];
		p->hash[p->count - 1 - i] = swap;
	}
	return e;
}

/*
 * Root of the leaves from `begin` to `end`; `begin` is a multiple of a power of two that is not
 * less than their number.
 */
static enum err
range_root(const struct source *s, uint64_t begin, uint64_t end, struct digest *out)
{
	struct digest left, right;
	unsigned level = 63U - (unsigned)__builtin_clzll(end - begin);
	uint64_t middle = begin + ((uint64_t)1 << level);
	enum err e;

	if (middle == end)
		return s->read(s->context, level, begin >> level, out);
	if ((e = s->read(s->context, level, begin >> level, &left)) == ERR_OK &&
	    (e = range_root(s, middle, end, &right)) == ERR_OK)
		merkle_node(&left, &right, out);
	return e;
}

static enum err
ragged_root(const struct source *s, unsigned level, struct digest *out)
{
	if (s->ragged == NULL)
		return range_root(s, s->size >> level << level, s->size, out);
	*out = s->ragged[level];
	return ERR_OK;
}

static enum err
batch_read(void *context, unsigned level, uint64_t index, struct digest *out)
{
	const struct merkle_batch *b = context;
	const struct level *l = &b->level[level];

	if (index < l->first || index - l->first >= l->count)
		abort(); /* older than the frontier: no proof of this batch needs it */
	*out = l->node[index - l->first];
	return ERR_OK;
}

static enum err
level_push(struct level *l, const struct digest *node)
{
	enum err e = ERR_OK;

	if (l->count == l->capacity && (e = level_grow(l)) != ERR_OK)
		return e;
	l->node[l->count++] = *node;
	return ERR_OK;
}

static enum err
level_grow(struct level *l)
{
	size_t capacity = l->capacity == 0 ? LEVEL_FIRST_CAPACITY : l->capacity * 2;
	struct digest *grown = realloc(l->node, capacity * sizeof(*grown));

	if (grown == NULL)
		return ERR_MEMORY;
	l->node = grown;
	l->capacity = capacity;
	return ERR_OK;
}

/* Once for all proofs of a batch: they share its right edge. */
static void
make_ragged(const struct merkle_batch *cb)
{
	struct merkle_batch *b = (struct merkle_batch *)cb;
	bool any = false;

	if (b->ragged_made)
		return;
	for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++) {
		const struct level *l = &b->level[level];

		b->ragged[level + 1] = b->ragged[level];
		if ((b->size >> level & 1) == 0)
			continue;
		if (any)
			merkle_node(
			    &l->node[l->count - 1], &b->ragged[level], &b->ragged[level + 1]);
		else
			b->ragged[level + 1] = l->node[l->count - 1];
		any = true;
	}
	b->ragged_made = true;
}

/* The largest power of two below `number` (2 or more). */
static uint64_t
power_below(uint64_t number)
{
	return (uint64_t)1 << (63U - (unsigned)__builtin_clzll(number - 1));
}
