#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/merkle.h"

#define LEAVES 150 /* every size up to here, against every older one */

static struct digest leaves[LEAVES];

/* RFC 6962, 2.1, word for word: what everything is compared with. */
static void
naive_root(uint64_t begin, uint64_t end, struct digest *out)
{
	struct digest left, right;
	uint64_t half = 1;

	if (end == begin) {
		merkle_empty_root(out);
	} else if (end - begin == 1) {
		*out = leaves[begin];
	} else {
		while (half * 2 < end - begin)
			half *= 2;
		naive_root(begin, begin + half, &left);
		naive_root(begin + half, end, &right);
		merkle_node(&left, &right, out);
	}
}

static enum err
read_node(void *context, unsigned level, uint64_t index, struct digest *out)
{
	uint64_t *size = context;

	/* Only complete nodes of the tree may be asked for. */
	if ((index + 1) << level > *size)
		return ERR_NOT_FOUND;
	naive_root(index << level, (index + 1) << level, out);
	return ERR_OK;
}

static int
make_leaves(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEAVES; i++)
		merkle_leaf((struct view){(uint8_t *)&i, sizeof(i)}, &leaves[i]);
	return 0;
}

static void
assert_hex(const struct digest *d, const char *hex)
{
	char found[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, found);
	assert_string_equal(found, hex);
}

/* The tree of the certificate-transparency reference tests. */
static void
roots_of_the_public_vectors(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} entries[] = {{"", 0}, {"\x00", 1}, {"\x10", 1}, {"\x20\x21", 2}, {"\x30\x31", 2},
	    {"\x40\x41\x42\x43", 4}, {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
	    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
	static const char *const roots[] = {
	    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
	struct merkle_frontier f;
	struct digest leaf, root;

	(void)state;
	merkle_empty_root(&root);
	assert_hex(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	merkle_frontier_init(&f);
	for (unsigned i = 0; i < 8; i++) {
		merkle_leaf(
		    (struct view){(const uint8_t *)entries[i].bytes, entries[i].size}, &leaf);
		merkle_frontier_append(&f, &leaf);
		merkle_frontier_root(&f, &root);
		assert_hex(&root, roots[i]);
	}
}

/* Whatever the sizes: root, frontier and consistency proof from every older tree. */
static void
every_batch_extends_every_older_tree(void **state)
{
	struct merkle_batch *b = merkle_batch_new();
	struct merkle_proof p, again;
	struct digest old_root, root, found;

	(void)state;
	assert_non_null(b);
	for (uint64_t old = 0; old < LEAVES; old++) {
		struct merkle_frontier f, grown;

		merkle_frontier_init(&f);
		for (uint64_t i = 0; i < old; i++)
			merkle_frontier_append(&f, &leaves[i]);
		naive_root(0, old, &old_root);
		merkle_batch_begin(b, &f);
		for (uint64_t size = old; size <= LEAVES; size++) {
			if (size > old)
				assert_int_equal(merkle_batch_add(b, &leaves[size - 1]), ERR_OK);
			naive_root(0, size, &root);
			merkle_batch_root(b, &found);
			assert_true(digest_equal(&found, &root));
			merkle_batch_frontier(b, &grown);
			assert_int_equal(grown.size, size);
			merkle_frontier_root(&grown, &found);
			assert_true(digest_equal(&found, &root));
			merkle_batch_consistency(b, &p);
			assert_int_equal(
			    merkle_verify_consistency(old, &old_root, size, &root, &p), ERR_OK);
			assert_int_equal(
			    merkle_prove_consistency(old, size, read_node, &size, &again), ERR_OK);
			assert_int_equal(again.count, p.count);
			assert_memory_equal(again.hash, p.hash, p.count * sizeof(p.hash[0]));
		}
	}
	merkle_batch_free(&b);
	assert_null(b);
}

static void
every_leaf_of_a_batch_is_proved(void **state)
{
	struct merkle_batch *b = merkle_batch_new();
	struct merkle_proof p, again;
	struct digest root;

	(void)state;
	for (uint64_t old = 0; old < LEAVES; old += 7) {
		struct merkle_frontier f;

		merkle_frontier_init(&f);
		for (uint64_t i = 0; i < old; i++)
			merkle_frontier_append(&f, &leaves[i]);
		merkle_batch_begin(b, &f);
		for (uint64_t size = old + 1; size <= LEAVES; size++) {
			assert_int_equal(merkle_batch_add(b, &leaves[size - 1]), ERR_OK);
			naive_root(0, size, &root);
			for (uint64_t i = old; i<size; i += size> 40 ? 5 : 1) {
				merkle_batch_inclusion(b, i, &p);
				assert_int_equal(
				    merkle_verify_inclusion(&leaves[i], i, size, &root, &p),
				    ERR_OK);
				assert_int_equal(
				    merkle_prove_inclusion(size, i, read_node, &size, &again),
				    ERR_OK);
				assert_int_equal(again.count, p.count);
				assert_memory_equal(
				    again.hash, p.hash, p.count * sizeof(p.hash[0]));
			}
		}
	}
	merkle_batch_free(&b);
}

static void
refuses_every_wrong_inclusion(void **state)
{
	struct merkle_proof p, changed;
	struct digest root;
	uint64_t size;

	(void)state;
	for (size = 1; size <= 40; size++) {
		naive_root(0, size, &root);
		for (uint64_t i = 0; i < size; i++) {
			assert_int_equal(
			    merkle_prove_inclusion(size, i, read_node, &size, &p), ERR_OK);
			for (uint64_t j = 0; j <= size; j++)
				if (j != i)
					assert_int_equal(
					    merkle_verify_inclusion(&leaves[i], j, size, &root, &p),
					    ERR_PROOF);
			for (size_t bit = 0; bit < p.count * 256; bit += 37) {
				changed = p;
				changed.hash[bit / 256].bytes[bit / 8 % 32] ^=
				    (uint8_t)(1U << bit % 8);
				assert_int_equal(
				    merkle_verify_inclusion(&leaves[i], i, size, &root, &changed),
				    ERR_PROOF);
			}
			changed = p;
			changed.hash[changed.count++] = root;
			assert_int_equal(
			    merkle_verify_inclusion(&leaves[i], i, size, &root, &changed),
			    ERR_PROOF);
			if (p.count > 0) {
				changed.count = p.count - 1;
				assert_int_equal(
				    merkle_verify_inclusion(&leaves[i], i, size, &root, &changed),
				    ERR_PROOF);
			}
		}
	}
}

static void
refuses_every_wrong_consistency(void **state)
{
	struct merkle_proof p, changed;
	struct digest old_root, root;

	(void)state;
	for (uint64_t size = 2; size <= 40; size++) {
		naive_root(0, size, &root);
		for (uint64_t old = 1; old < size; old++) {
			naive_root(0, old, &old_root);
			assert_int_equal(
			    merkle_prove_consistency(old, size, read_node, &size, &p), ERR_OK);
			assert_int_equal(
			    merkle_verify_consistency(old, &root, size, &root, &p), ERR_PROOF);
			assert_int_equal(
			    merkle_verify_consistency(old, &old_root, size, &old_root, &p),
			    ERR_PROOF);
			assert_int_equal(
			    merkle_verify_consistency(size, &root, old, &old_root, &p), ERR_PROOF);
			for (size_t bit = 0; bit < p.count * 256; bit += 37) {
				changed = p;
				changed.hash[bit / 256].bytes[bit / 8 % 32] ^=
				    (uint8_t)(1U << bit % 8);
				assert_int_equal(merkle_verify_consistency(
						     old, &old_root, size, &root, &changed),
				    ERR_PROOF);
			}
			changed = p;
			changed.hash[changed.count++] = root;
			assert_int_equal(
			    merkle_verify_consistency(old, &old_root, size, &root, &changed),
			    ERR_PROOF);
			changed.count = p.count - 1;
			assert_int_equal(
			    merkle_verify_consistency(old, &old_root, size, &root, &changed),
			    ERR_PROOF);
		}
	}
}

static void
a_tree_is_consistent_with_itself_by_an_empty_proof(void **state)
{
	struct merkle_proof p = {.count = 0};
	struct digest root, other;

	(void)state;
	naive_root(0, 5, &root);
	naive_root(0, 6, &other);
	assert_int_equal(merkle_verify_consistency(5, &root, 5, &root, &p), ERR_OK);
	assert_int_equal(merkle_verify_consistency(5, &root, 5, &other, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_consistency(0, &other, 5, &root, &p), ERR_PROOF);
	merkle_empty_root(&other);
	assert_int_equal(merkle_verify_consistency(0, &other, 5, &root, &p), ERR_OK);
	p.count = 1;
	p.hash[0] = root;
	assert_int_equal(merkle_verify_consistency(5, &root, 5, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_consistency(0, &other, 5, &root, &p), ERR_PROOF);
}

static void
refuses_proofs_that_are_too_long(void **state)
{
	struct merkle_proof p;
	struct digest root;

	(void)state;
	memset(&p, 0, sizeof(p));
	naive_root(0, 3, &root);
	p.count = MERKLE_CONSISTENCY_MAX;
	assert_int_equal(merkle_verify_inclusion(&leaves[0], 0, UINT64_MAX, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_inclusion(&leaves[0], 0, 0, &root, &p), ERR_PROOF);
	p.count = MERKLE_CONSISTENCY_MAX + 1;
	assert_int_equal(merkle_verify_consistency(1, &root, UINT64_MAX, &root, &p), ERR_PROOF);
}

static void
errors_of_the_reader_are_passed_on(void **state)
{
	uint64_t size = 4; /* the reader has no more */
	struct merkle_frontier f;
	struct merkle_proof p;

	(void)state;
	assert_int_equal(merkle_prove_inclusion(8, 1, read_node, &size, &p), ERR_NOT_FOUND);
	assert_int_equal(merkle_prove_consistency(3, 8, read_node, &size, &p), ERR_NOT_FOUND);
	assert_int_equal(merkle_read_frontier(8, read_node, &size, &f), ERR_NOT_FOUND);
	assert_int_equal(merkle_prove_inclusion(4, 4, read_node, &size, &p), ERR_MSG_RANGE);
	assert_int_equal(merkle_prove_consistency(5, 4, read_node, &size, &p), ERR_MSG_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(roots_of_the_public_vectors),
	    cmocka_unit_test(every_batch_extends_every_older_tree),
	    cmocka_unit_test(every_leaf_of_a_batch_is_proved),
	    cmocka_unit_test(refuses_every_wrong_inclusion),
	    cmocka_unit_test(refuses_every_wrong_consistency),
	    cmocka_unit_test(a_tree_is_consistent_with_itself_by_an_empty_proof),
	    cmocka_unit_test(refuses_proofs_that_are_too_long),
	    cmocka_unit_test(errors_of_the_reader_are_passed_on),
	};

	return cmocka_run_group_tests(tests, make_leaves, NULL);
}
