/*
 * The Merkle tree as RFC 6962 section 2.1 writes it down, by recursion and without any speed: what
 * the tests of proto/tlog/merkle.h compare with. Leaf i is the hash of the text "leaf <i>".
 */
#ifndef HALLMARK_TESTS_UNIT_MERKLE_NAIVE_H
#define HALLMARK_TESTS_UNIT_MERKLE_NAIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/tlog/merkle.h"

static inline struct digest
naive_leaf(uint64_t index)
{
	char entry[40];
	struct digest d;

	(void)snprintf(entry, sizeof(entry), "leaf %llu", (unsigned long long)index);
	merkle_leaf(view_of_string(entry), &d);
	return d;
}

/* The largest power of two below `count`, which is 2 or more. */
static inline uint64_t
naive_split(uint64_t count)
{
	uint64_t k = 1;

	while (k < count - k)
		k *= 2;
	return k;
}

static inline struct digest
naive_hash(const struct digest *left, const struct digest *right)
{
	uint8_t bytes[65] = {1};
	struct digest d;

	memcpy(bytes + 1, left->bytes, 32);
	memcpy(bytes + 33, right->bytes, 32);
	digest_of(bytes, sizeof(bytes), &d);
	return d;
}

/* MTH(D[begin:end]). */
static inline struct digest
naive_root(uint64_t begin, uint64_t end)
{
	struct digest left, right;

	if (begin == end) {
		digest_of(NULL, 0, &left);
		return left;
	}
	if (end - begin == 1)
		return naive_leaf(begin);
	left = naive_root(begin, begin + naive_split(end - begin));
	right = naive_root(begin + naive_split(end - begin), end);
	return naive_hash(&left, &right);
}

/* PATH(index, D[begin:end]), appended to `p`. */
static inline void
naive_path(uint64_t index, uint64_t begin, uint64_t end, struct merkle_proof *p)
{
	uint64_t k;

	if (end - begin == 1)
		return;
	k = begin + naive_split(end - begin);
	if (index < k) {
		naive_path(index, begin, k, p);
		p->hash[p->count++] = naive_root(k, end);
	} else {
		naive_path(index, k, end, p);
		p->hash[p->count++] = naive_root(begin, k);
	}
}

/* SUBPROOF(old, D[begin:end], whole), appended to `p`. */
static inline void
naive_subproof(uint64_t old, uint64_t begin, uint64_t end, bool whole, struct merkle_proof *p)
{
	uint64_t k;

	if (old == end) {
		if (!whole)
			p->hash[p->count++] = naive_root(begin, end);
		return;
	}
	k = begin + naive_split(end - begin);
	if (old <= k) {
		naive_subproof(old, begin, k, whole, p);
		p->hash[p->count++] = naive_root(k, end);
	} else {
		naive_subproof(old, k, end, false, p);
		p->hash[p->count++] = naive_root(begin, k);
	}
}

static inline void
naive_consistency(uint64_t old, uint64_t size, struct merkle_proof *p)
{
	p->count = 0;
	if (old > 0 && old < size)
		naive_subproof(old, 0, size, true, p);
}

/*
 * The way from the root down to a leaf: a one for each turn to the right, behind a leading one.
 * Where two trees have the same way, a proof for one is a proof for the other: the size is not in
 * the hashes.
 */
static inline uint64_t
naive_way_to_leaf(uint64_t index, uint64_t size)
{
	uint64_t way = 1, begin = 0, end = size;

	while (end - begin > 1) {
		uint64_t k = begin + naive_split(end - begin);

		way = way << 1 | (index >= k);
		if (index < k)
			end = k;
		else
			begin = k;
	}
	return way;
}

/* The same for the last complete subtree of the old tree; the last bit says that it is the whole.
 */
static inline uint64_t
naive_way_to_old(uint64_t old, uint64_t size)
{
	uint64_t way = 1, begin = 0, end = size;

	while (old != end) {
		uint64_t k = begin + naive_split(end - begin);

		way = way << 1 | (old > k);
		if (old <= k)
			end = k;
		else
			begin = k;
	}
	return way << 1 | (begin == 0);
}

static inline void
expect_same_proof(const struct merkle_proof *a, const struct merkle_proof *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_true(digest_equal(&a->hash[i], &b->hash[i]));
}

#endif
