/* What a receipt shows beside its entry: held against the tree by recursion, at every size. */
#include "tests/unit/merkle_naive.h"

#include "proto/tlog/merkle_known.h"

#define SIZE_MOST 40

static void
leaf_proof(uint64_t index, uint64_t size, struct digest *leaf, struct merkle_proof *p)
{
	*leaf = naive_leaf(index);
	p->count = 0;
	naive_path(index, 0, size, p);
}

/* Each is the root of just those leaves, and its proof leads to the tree's root. */
static void
test_known_subtrees_are_those_of_the_tree(void **state)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	struct merkle_proof p, own;

	(void)state;
	for (uint64_t size = 1; size <= SIZE_MOST; size++) {
		const struct digest root = naive_root(0, size);

		for (uint64_t index = 0; index < size; index++) {
			struct digest leaf;
			size_t count;

			leaf_proof(index, size, &leaf, &p);
			count = merkle_known_subtrees(&leaf, index, size, &p, known);
			assert_in_range(count, 1, MERKLE_KNOWN_MAX);
			assert_int_equal(known[0].level, 0);
			assert_int_equal(known[0].index, index);
			for (size_t i = 0; i < count; i++) {
				const uint64_t begin = known[i].index << known[i].level;
				const uint64_t end = begin + ((uint64_t)1 << known[i].level);
				struct digest hash;

				assert_true(end <= size);
				hash = naive_root(begin, end);
				assert_true(digest_equal(&known[i].hash, &hash));
				merkle_known_proof(&known[i], &p, &own);
				assert_int_equal(merkle_verify_subtree(known[i].level,
						     known[i].index, &hash, size, &root, &own),
				    ERR_OK);
			}
		}
	}
}

/* All complete subtrees on the leaf's way, and beside it. */
static void
test_none_is_left_out(void **state)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	struct merkle_proof p;

	(void)state;
	for (uint64_t size = 1; size <= SIZE_MOST; size++)
		for (uint64_t index = 0; index < size; index++) {
			size_t expected = 0;
			struct digest leaf;

			for (unsigned level = 0;; level++) {
				const uint64_t own = index >> level;

				expected += own < size >> level;
				if ((size - 1) >> level == 0)
					break; /* it is the root: nothing is beside it */
				expected += (own ^ 1) < size >> level;
			}
			leaf_proof(index, size, &leaf, &p);
			assert_int_equal(
			    merkle_known_subtrees(&leaf, index, size, &p, known), expected);
		}
}

static void
test_known_prefixes_are_those_of_the_tree(void **state)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	struct merkle_proof p, consistency, expected;
	struct digest root, leaf;
	uint64_t prefix;

	(void)state;
	for (uint64_t size = 1; size <= SIZE_MOST; size++) {
		const struct digest whole = naive_root(0, size);

		for (uint64_t index = 0; index < size; index++) {
			uint64_t seen = 0;
			size_t count;

			leaf_proof(index, size, &leaf, &p);
			count = merkle_known_subtrees(&leaf, index, size, &p, known);
			for (size_t i = 0; i < count; i++) {
				struct digest naive;

				if (!merkle_known_prefix(
					&known[i], size, &p, &prefix, &root, &consistency))
					continue;
				seen |= (uint64_t)1 << prefix;
				naive = naive_root(0, prefix);
				assert_true(digest_equal(&root, &naive));
				naive_consistency(prefix, size, &expected);
				expect_same_proof(&consistency, &expected);
				assert_int_equal(merkle_verify_consistency(
						     prefix, &root, size, &whole, &consistency),
				    ERR_OK);
			}
			/* A receipt always shows its tree up to its entry, and with it. */
			assert_true((seen & (uint64_t)1 << (index + 1)) != 0);
			assert_true(index == 0 || (seen & (uint64_t)1 << index) != 0);
		}
	}
}

static void
test_what_is_no_subtree_is_refused(void **state)
{
	const struct digest root = naive_root(0, 13), leaf = naive_leaf(4);
	struct merkle_proof p = {.count = 0};

	(void)state;
	naive_path(4, 0, 13, &p);
	assert_int_equal(merkle_verify_subtree(0, 4, &leaf, 13, &root, &p), ERR_OK);
	assert_int_equal(merkle_verify_subtree(0, 5, &leaf, 13, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_subtree(1, 4, &leaf, 13, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_subtree(0, 13, &leaf, 13, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_subtree(0, UINT64_MAX, &leaf, 13, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_subtree(64, 0, &root, 13, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_subtree(0, 0, &leaf, 0, &root, &p), ERR_PROOF);
	/* The whole of 13 leaves is no complete subtree, though nothing is above it. */
	p.count = 0;
	assert_int_equal(merkle_verify_subtree(4, 0, &root, 13, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_subtree(3, 0, &root, 8, &root, &p), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_subtrees_are_those_of_the_tree),
	    cmocka_unit_test(test_none_is_left_out),
	    cmocka_unit_test(test_known_prefixes_are_those_of_the_tree),
	    cmocka_unit_test(test_what_is_no_subtree_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
