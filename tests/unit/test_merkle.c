/* The Merkle tree: public vectors, the frontier, and what verification accepts and refuses. */
#include "tests/lib/vectors.h"
#include "tests/unit/merkle_naive.h"

#define V(s)       VIEW_LITERAL(s)
#define ALL_SIZES  130 /* every tree up to here is compared with the naive one */
#define SOME_SIZES 48  /* for what takes every pair of sizes and every leaf */
#define FEW_SIZES  17  /* for what changes every bit */
#define WORDS_MAX  (4 + MERKLE_CONSISTENCY_MAX)

static size_t
split_words(struct view line, struct view *word)
{
	size_t count = 0;

	for (size_t begin = 0, i = 0; i <= line.size; i++) {
		if (i < line.size && line.data[i] != ' ')
			continue;
		assert_true(count < WORDS_MAX);
		word[count++] = (struct view){line.data + begin, i - begin};
		begin = i + 1;
	}
	return count;
}

static uint64_t
number(struct view word)
{
	uint64_t value;

	assert_int_equal(decimal_decode(word, &value), ERR_OK);
	return value;
}

static struct digest
hash(struct view word)
{
	struct digest d;

	assert_int_equal(digest_from_hex(word, &d), ERR_OK);
	return d;
}

/* Calls `use` for each line of merkle.txt that begins with `name`; there must be some. */
static void
for_each_vector(const char *name, void (*use)(const struct view *word, size_t count))
{
	struct buf text = BUF_INIT;
	struct view rest, line, word[WORDS_MAX];
	size_t used = 0, count;

	vector_file("merkle.txt", &text);
	rest = buf_view(&text);
	while (line_next(&rest, &line) == ERR_OK) {
		count = split_words(line, word);
		if (view_equal(word[0], view_of_string(name))) {
			use(word, count);
			used++;
		}
	}
	buf_free(&text);
	assert_true(used > 0);
}

static struct digest vector_leaf[8];
static struct digest vector_root[9];

static void
take_entry(const struct view *word, size_t count)
{
	struct buf entry = BUF_INIT;

	assert_int_equal(count, 3);
	if (!view_equal(word[2], V("-")))
		assert_int_equal(hex_decode(word[2], &entry), ERR_OK);
	merkle_leaf(buf_view(&entry), &vector_leaf[number(word[1])]);
	buf_free(&entry);
}

static void
check_root(const struct view *word, size_t count)
{
	const uint64_t size = number(word[1]);
	const struct digest expected = hash(word[2]);
	struct merkle_frontier f;
	struct digest root;

	assert_int_equal(count, 3);
	merkle_frontier_init(&f);
	for (uint64_t i = 0; i < size; i++)
		merkle_frontier_append(&f, &vector_leaf[i]);
	merkle_frontier_root(&f, &root);
	assert_true(digest_equal(&root, &expected));
	vector_root[size] = expected;
}

static void
take_proof(const struct view *word, size_t count, struct merkle_proof *p)
{
	p->count = count - 3;
	for (size_t i = 0; i < p->count; i++)
		p->hash[i] = hash(word[3 + i]);
}

static void
check_inclusion(const struct view *word, size_t count)
{
	const uint64_t index = number(word[1]), size = number(word[2]);
	struct merkle_proof p;

	take_proof(word, count, &p);
	assert_int_equal(
	    merkle_verify_inclusion(&vector_leaf[index], index, size, &vector_root[size], &p),
	    ERR_OK);
}

static void
check_consistency(const struct view *word, size_t count)
{
	const uint64_t old = number(word[1]), size = number(word[2]);
	struct merkle_proof p;

	take_proof(word, count, &p);
	assert_int_equal(
	    merkle_verify_consistency(old, &vector_root[old], size, &vector_root[size], &p),
	    ERR_OK);
}

static void
public_vectors_verify(void **state)
{
	(void)state;
	for_each_vector("entry", take_entry);
	for_each_vector("root", check_root);
	for_each_vector("inclusion", check_inclusion);
	for_each_vector("consistency", check_consistency);
}

static void
leaves_and_nodes_are_told_apart(void **state)
{
	struct digest leaf, node, d, halves[2] = {{{1}}, {{2}}};

	(void)state;
	merkle_leaf(V("abc"), &leaf);
	digest_of("\0abc", 4, &d);
	assert_true(digest_equal(&leaf, &d));
	merkle_node(&halves[0], &halves[1], &node);
	d = naive_hash(&halves[0], &halves[1]);
	assert_true(digest_equal(&node, &d));
	merkle_leaf((struct view){halves[0].bytes, sizeof(halves)}, &leaf);
	assert_false(digest_equal(&node, &leaf));
}

static void
a_node_may_overwrite_its_halves(void **state)
{
	struct digest a = {{1}}, b = {{2}}, expected = naive_hash(&a, &b), left = a, right = b;

	(void)state;
	merkle_node(&left, &b, &left);
	assert_true(digest_equal(&left, &expected));
	merkle_node(&a, &right, &right);
	assert_true(digest_equal(&right, &expected));
}

static void
the_empty_tree_has_the_root_of_nothing(void **state)
{
	struct merkle_frontier f;
	struct digest root, nothing;

	(void)state;
	digest_of(NULL, 0, &nothing);
	merkle_empty_root(&root);
	assert_true(digest_equal(&root, &nothing));
	merkle_frontier_init(&f);
	merkle_frontier_root(&f, &root);
	assert_true(digest_equal(&root, &nothing));
}

static void
the_frontier_has_the_root_of_every_size(void **state)
{
	struct merkle_frontier f;
	struct digest root, expected, leaf;

	(void)state;
	merkle_frontier_init(&f);
	for (uint64_t size = 0; size <= ALL_SIZES; size++) {
		merkle_frontier_root(&f, &root);
		expected = naive_root(0, size);
		assert_true(digest_equal(&root, &expected));
		assert_int_equal(f.size, size);
		leaf = naive_leaf(size);
		merkle_frontier_append(&f, &leaf);
	}
}

static enum err
verify_leaf(uint64_t index, uint64_t size, const struct digest *root, const struct merkle_proof *p)
{
	const struct digest leaf = naive_leaf(index);

	return merkle_verify_inclusion(&leaf, index, size, root, p);
}

static void
every_inclusion_verifies(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= ALL_SIZES; size++) {
		const struct digest root = naive_root(0, size);

		for (uint64_t index = 0; index < size; index++) {
			struct merkle_proof p = {0};

			naive_path(index, 0, size, &p);
			assert_int_equal(verify_leaf(index, size, &root, &p), ERR_OK);
		}
	}
}

static void
inclusion_at_another_index_is_refused(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= SOME_SIZES; size++) {
		const struct digest root = naive_root(0, size);

		for (uint64_t index = 0; index < size; index++) {
			const struct digest leaf = naive_leaf(index);
			struct merkle_proof p = {0};

			naive_path(index, 0, size, &p);
			for (uint64_t other = 0; other <= 2 * size; other++)
				if (other != index)
					assert_int_equal(
					    merkle_verify_inclusion(&leaf, other, size, &root, &p),
					    ERR_PROOF);
			assert_int_equal(
			    merkle_verify_inclusion(&leaf, index - size, size, &root, &p),
			    ERR_PROOF);
		}
	}
}

/* A size is bound by the checkpoint, not by the path: only where the way is another it shows. */
static void
inclusion_in_another_size_is_refused_where_the_way_differs(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= SOME_SIZES; size++) {
		const struct digest root = naive_root(0, size);

		for (uint64_t index = 0; index < size; index++) {
			const uint64_t way = naive_way_to_leaf(index, size);
			struct merkle_proof p = {0};

			naive_path(index, 0, size, &p);
			for (uint64_t other = 0; other <= SOME_SIZES; other++) {
				const bool same =
				    other > index && naive_way_to_leaf(index, other) == way;

				assert_int_equal(verify_leaf(index, other, &root, &p),
				    same ? ERR_OK : ERR_PROOF);
			}
		}
	}
}

static void
inclusion_with_any_bit_changed_is_refused(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= FEW_SIZES; size++) {
		for (uint64_t index = 0; index < size; index++) {
			struct digest leaf = naive_leaf(index), root = naive_root(0, size);
			struct merkle_proof p = {0};

			naive_path(index, 0, size, &p);
			for (size_t bit = 0; bit < (p.count + 2) * 256; bit++) {
				const size_t n = bit / 256;
				struct digest *d = n < p.count    ? &p.hash[n]
						   : n == p.count ? &leaf
								  : &root;

				d->bytes[bit % 256 / 8] ^= (uint8_t)(1U << bit % 8);
				assert_int_equal(
				    merkle_verify_inclusion(&leaf, index, size, &root, &p),
				    ERR_PROOF);
				d->bytes[bit % 256 / 8] ^= (uint8_t)(1U << bit % 8);
			}
		}
	}
}

static void
inclusion_proofs_of_another_length_are_refused(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= ALL_SIZES; size++) {
		const struct digest root = naive_root(0, size);

		for (uint64_t index = 0; index < size; index++) {
			struct merkle_proof p = {0};
			size_t right;

			naive_path(index, 0, size, &p);
			right = p.count;
			for (p.count = 0; p.count <= MERKLE_CONSISTENCY_MAX; p.count++)
				if (p.count != right)
					assert_int_equal(
					    verify_leaf(index, size, &root, &p), ERR_PROOF);
			p.count = right;
			if (right > 0) {
				memmove(p.hash, p.hash + 1, (right - 1) * sizeof(p.hash[0]));
				p.count = right - 1;
				assert_int_equal(verify_leaf(index, size, &root, &p), ERR_PROOF);
			}
		}
	}
}

/* A node is no leaf: "the parent is included, by the rest of the path" must not go through. */
static void
a_node_in_place_of_a_leaf_is_refused(void **state)
{
	const struct digest root = naive_root(0, 8), pair = naive_root(2, 4);
	struct merkle_proof p = {0};

	(void)state;
	naive_path(2, 0, 8, &p);
	memmove(p.hash, p.hash + 1, 2 * sizeof(p.hash[0]));
	p.count = 2;
	for (uint64_t index = 0; index < 8; index++)
		assert_int_equal(merkle_verify_inclusion(&pair, index, 8, &root, &p), ERR_PROOF);
}

static void
nothing_is_included_in_the_empty_tree(void **state)
{
	const struct digest root = naive_root(0, 0), leaf = naive_leaf(0);
	struct merkle_proof p = {0};

	(void)state;
	assert_int_equal(merkle_verify_inclusion(&leaf, 0, 0, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_inclusion(&root, 0, 0, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_inclusion(&leaf, UINT64_MAX, 0, &root, &p), ERR_PROOF);
}

static void
every_consistency_verifies_and_no_other_pair_of_roots(void **state)
{
	struct digest root[ALL_SIZES + 1];
	struct merkle_proof p;

	(void)state;
	for (uint64_t size = 0; size <= ALL_SIZES; size++) {
		root[size] = naive_root(0, size);
		for (uint64_t old = 0; old <= size; old++) {
			naive_consistency(old, size, &p);
			assert_int_equal(
			    merkle_verify_consistency(old, &root[old], size, &root[size], &p),
			    ERR_OK);
			if (old == size)
				continue;
			assert_int_equal(
			    merkle_verify_consistency(old, &root[size], size, &root[size], &p),
			    ERR_PROOF);
			/* Any tree extends the empty one; any other is tied to both roots. */
			if (old > 0)
				assert_int_equal(merkle_verify_consistency(
						     old, &root[old], size, &root[old], &p),
				    ERR_PROOF);
			assert_int_equal(
			    merkle_verify_consistency(size, &root[size], old, &root[old], &p),
			    ERR_PROOF);
		}
	}
}

static void
consistency_with_any_bit_changed_is_refused(void **state)
{
	(void)state;
	for (uint64_t size = 2; size <= FEW_SIZES; size++) {
		for (uint64_t old = 1; old < size; old++) {
			struct digest old_root = naive_root(0, old), root = naive_root(0, size);
			struct merkle_proof p;

			naive_consistency(old, size, &p);
			for (size_t bit = 0; bit < (p.count + 2) * 256; bit++) {
				const size_t n = bit / 256;
				struct digest *d = n < p.count    ? &p.hash[n]
						   : n == p.count ? &old_root
								  : &root;

				d->bytes[bit % 256 / 8] ^= (uint8_t)(1U << bit % 8);
				assert_int_equal(
				    merkle_verify_consistency(old, &old_root, size, &root, &p),
				    ERR_PROOF);
				d->bytes[bit % 256 / 8] ^= (uint8_t)(1U << bit % 8);
			}
		}
	}
}

static void
consistency_between_other_sizes_is_refused_where_the_way_differs(void **state)
{
	const uint64_t most = SOME_SIZES / 2;

	(void)state;
	for (uint64_t size = 2; size <= most; size++) {
		for (uint64_t old = 1; old < size; old++) {
			const struct digest old_root = naive_root(0, old),
					    root = naive_root(0, size);
			const uint64_t way = naive_way_to_old(old, size);
			struct merkle_proof p;

			naive_consistency(old, size, &p);
			for (uint64_t size2 = 0; size2 <= most; size2++) {
				for (uint64_t old2 = 0; old2 <= most; old2++) {
					const bool same = old2 > 0 && old2 < size2 &&
							  naive_way_to_old(old2, size2) == way;

					assert_int_equal(merkle_verify_consistency(
							     old2, &old_root, size2, &root, &p),
					    same ? ERR_OK : ERR_PROOF);
				}
			}
		}
	}
}

static void
consistency_proofs_of_another_length_are_refused(void **state)
{
	(void)state;
	for (uint64_t size = 0; size <= SOME_SIZES; size++) {
		const struct digest root = naive_root(0, size);

		for (uint64_t old = 0; old <= size; old++) {
			const struct digest old_root = naive_root(0, old);
			struct merkle_proof p = {0};
			size_t right;

			naive_consistency(old, size, &p);
			right = p.count;
			for (p.count = 0; p.count <= MERKLE_CONSISTENCY_MAX; p.count++)
				if (p.count != right)
					assert_int_equal(merkle_verify_consistency(
							     old, &old_root, size, &root, &p),
					    ERR_PROOF);
			p.count = MERKLE_CONSISTENCY_MAX + 1;
			assert_int_equal(
			    merkle_verify_consistency(old, &old_root, size, &root, &p), ERR_PROOF);
		}
	}
}

static void
only_the_true_empty_tree_is_extended_by_all(void **state)
{
	const struct digest empty = naive_root(0, 0), root = naive_root(0, 5);
	struct merkle_proof p = {0};

	(void)state;
	assert_int_equal(merkle_verify_consistency(0, &empty, 5, &root, &p), ERR_OK);
	assert_int_equal(merkle_verify_consistency(0, &empty, 0, &empty, &p), ERR_OK);
	assert_int_equal(merkle_verify_consistency(0, &root, 5, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_consistency(0, &DIGEST_ZERO, 5, &root, &p), ERR_PROOF);
	assert_int_equal(merkle_verify_consistency(0, &empty, 0, &root, &p), ERR_PROOF);
	p.count = 1;
	assert_int_equal(merkle_verify_consistency(0, &empty, 5, &root, &p), ERR_PROOF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(public_vectors_verify),
	    cmocka_unit_test(leaves_and_nodes_are_told_apart),
	    cmocka_unit_test(a_node_may_overwrite_its_halves),
	    cmocka_unit_test(the_empty_tree_has_the_root_of_nothing),
	    cmocka_unit_test(the_frontier_has_the_root_of_every_size),
	    cmocka_unit_test(every_inclusion_verifies),
	    cmocka_unit_test(inclusion_at_another_index_is_refused),
	    cmocka_unit_test(inclusion_in_another_size_is_refused_where_the_way_differs),
	    cmocka_unit_test(inclusion_with_any_bit_changed_is_refused),
	    cmocka_unit_test(inclusion_proofs_of_another_length_are_refused),
	    cmocka_unit_test(a_node_in_place_of_a_leaf_is_refused),
	    cmocka_unit_test(nothing_is_included_in_the_empty_tree),
	    cmocka_unit_test(every_consistency_verifies_and_no_other_pair_of_roots),
	    cmocka_unit_test(consistency_with_any_bit_changed_is_refused),
	    cmocka_unit_test(consistency_between_other_sizes_is_refused_where_the_way_differs),
	    cmocka_unit_test(consistency_proofs_of_another_length_are_refused),
	    cmocka_unit_test(only_the_true_empty_tree_is_extended_by_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
