/* Making proofs: from batches and from stored nodes, against the naive tree and public vectors. */
#include "tests/lib/vectors.h"
#include "tests/unit/merkle_naive.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL_SIZES 130
#define BIG_SIZE  65537 /* leaves of the tree of numbers in merkle.txt */

/* --- a store of all complete nodes ---------------------------------------------------------------
 */

struct store {
	uint64_t size; /* of the tree that is asked about */
	struct digest *node[MERKLE_LEVEL_MAX];
	unsigned fails_at; /* this read fails; 0: none does */
	unsigned reads;
};

static enum err
store_read(void *context, unsigned level, uint64_t index, struct digest *out)
{
	struct store *s = context;

	/* Wholly in the tree: an incomplete node is nowhere stored. */
	assert_true(level < MERKLE_LEVEL_MAX);
	assert_true(index < s->size >> level);
	if (++s->reads == s->fails_at)
		return ERR_IO;
	*out = s->node[level][index];
	return ERR_OK;
}

static void
store_make(struct store *s, uint64_t size, struct digest (*leaf)(uint64_t index))
{
	memset(s, 0, sizeof(*s));
	s->size = size;
	for (unsigned level = 0; size >> level != 0; level++) {
		s->node[level] = calloc(size >> level, sizeof(struct digest));
		assert_non_null(s->node[level]);
		for (uint64_t i = 0; i < size >> level; i++)
			s->node[level][i] = level == 0 ? leaf(i)
						       : naive_hash(&s->node[level - 1][2 * i],
							     &s->node[level - 1][2 * i + 1]);
	}
}

static void
store_free(struct store *s)
{
	for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++)
		free(s->node[level]);
}

/* Entry i of the tree of numbers is i in decimal. */
static struct digest
counted_leaf(uint64_t index)
{
	struct buf entry = BUF_INIT;
	struct digest d;

	buf_append_decimal(&entry, index);
	merkle_leaf(buf_view(&entry), &d);
	buf_free(&entry);
	return d;
}

/* --- stored nodes
 * ---------------------------------------------------------------------------------- */

static void
stored_proofs_are_those_of_the_standard(void **state)
{
	struct merkle_proof made, expected;
	struct store s;

	(void)state;
	store_make(&s, ALL_SIZES, naive_leaf);
	for (uint64_t size = 0; size <= ALL_SIZES; size++) {
		s.size = size;
		for (uint64_t index = 0; index < size; index++) {
			expected.count = 0;
			naive_path(index, 0, size, &expected);
			assert_int_equal(
			    merkle_prove_inclusion(size, index, store_read, &s, &made), ERR_OK);
			expect_same_proof(&made, &expected);
		}
		for (uint64_t old = 0; old <= size; old++) {
			naive_consistency(old, size, &expected);
			assert_int_equal(
			    merkle_prove_consistency(old, size, store_read, &s, &made), ERR_OK);
			expect_same_proof(&made, &expected);
		}
	}
	store_free(&s);
}

static void
what_is_not_in_the_tree_is_not_proved(void **state)
{
	struct merkle_proof p;
	struct store s;

	(void)state;
	store_make(&s, 5, naive_leaf);
	assert_int_equal(merkle_prove_inclusion(5, 5, store_read, &s, &p), ERR_MSG_RANGE);
	assert_int_equal(merkle_prove_inclusion(5, UINT64_MAX, store_read, &s, &p), ERR_MSG_RANGE);
	assert_int_equal(merkle_prove_inclusion(0, 0, store_read, &s, &p), ERR_MSG_RANGE);
	assert_int_equal(merkle_prove_consistency(6, 5, store_read, &s, &p), ERR_MSG_RANGE);
	assert_int_equal(s.reads, 0);
	store_free(&s);
}

static void
every_read_error_is_passed_on(void **state)
{
	struct merkle_frontier f;
	struct merkle_proof p;
	struct store s;
	unsigned reads;

	(void)state;
	store_make(&s, 107, naive_leaf);
	for (unsigned what = 0; what < 3; what++) {
		for (s.fails_at = 0, reads = 1; s.fails_at <= reads; s.fails_at++) {
			enum err e, expected = s.fails_at == 0 ? ERR_OK : ERR_IO;

			s.reads = 0;
			e = what == 0   ? merkle_prove_inclusion(107, 105, store_read, &s, &p)
			    : what == 1 ? merkle_prove_consistency(51, 107, store_read, &s, &p)
					: merkle_read_frontier(107, store_read, &s, &f);
			assert_int_equal(e, expected);
			if (s.fails_at == 0)
				reads = s.reads;
		}
		assert_true(reads >= 5);
	}
	store_free(&s);
}

static void
the_frontier_is_read_from_stored_nodes(void **state)
{
	struct merkle_frontier f;
	struct digest root, expected;
	struct store s;

	(void)state;
	store_make(&s, ALL_SIZES, naive_leaf);
	for (uint64_t size = 0; size <= ALL_SIZES; size++) {
		s.size = size;
		assert_int_equal(merkle_read_frontier(size, store_read, &s, &f), ERR_OK);
		merkle_frontier_root(&f, &root);
		expected = naive_root(0, size);
		assert_int_equal(f.size, size);
		assert_true(digest_equal(&root, &expected));
	}
	store_free(&s);
}

/* --- the tree of numbers, with the vectors' hashes
 * ------------------------------------------------ */

static struct store numbers;

static void
root_of_numbers(uint64_t size, struct digest *root)
{
	struct merkle_frontier f;

	numbers.size = size;
	assert_int_equal(merkle_read_frontier(size, store_read, &numbers, &f), ERR_OK);
	merkle_frontier_root(&f, root);
}

static struct view
next_word(struct view *line)
{
	struct view word = *line;
	const uint8_t *space = line->size == 0 ? NULL : memchr(line->data, ' ', line->size);

	if (space != NULL)
		word.size = (size_t)(space - line->data);
	line->data += word.size + (space != NULL);
	line->size -= word.size + (space != NULL);
	return word;
}

static void
expect_hashes(struct view hex, const struct digest *hash, size_t count)
{
	struct digest d;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(digest_from_hex(next_word(&hex), &d), ERR_OK);
		assert_true(digest_equal(&d, &hash[i]));
	}
	assert_int_equal(hex.size, 0);
}

/* True if the line is about the tree of numbers, and then it has been checked. */
static bool
check_number_vector(struct view line)
{
	const struct view name = next_word(&line);
	struct merkle_proof p;
	struct digest root;
	uint64_t a, b;

	if (name.size < 7 || memcmp(name.data, "counted", 7) != 0)
		return false;
	assert_int_equal(decimal_decode(next_word(&line), &a), ERR_OK);
	if (view_equal(name, VIEW_LITERAL("counted-root"))) {
		root_of_numbers(a, &root);
		expect_hashes(line, &root, 1);
		return true;
	}
	assert_int_equal(decimal_decode(next_word(&line), &b), ERR_OK);
	numbers.size = b;
	if (view_equal(name, VIEW_LITERAL("counted-inclusion")))
		assert_int_equal(merkle_prove_inclusion(b, a, store_read, &numbers, &p), ERR_OK);
	else
		assert_int_equal(merkle_prove_consistency(a, b, store_read, &numbers, &p), ERR_OK);
	expect_hashes(line, p.hash, p.count);
	return true;
}

static void
vectors_of_a_large_tree_come_out(void **state)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	unsigned checked = 0;

	(void)state;
	vector_file("merkle.txt", &text);
	rest = buf_view(&text);
	while (line_next(&rest, &line) == ERR_OK)
		checked += check_number_vector(line);
	assert_true(checked > 20);
	buf_free(&text);
}

static uint64_t
random_below(uint64_t bound)
{
	static uint64_t x = 0x9e3779b97f4a7c15; /* xorshift64: the same run each time */

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return bound == 0 ? x : x % bound;
}

static void
random_proofs_of_a_large_tree_verify(void **state)
{
	struct digest root, old_root;
	struct merkle_proof p;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		const uint64_t size = 1 + random_below(BIG_SIZE), index = random_below(size);
		const uint64_t old = random_below(size + 1), other = random_below(size);

		root_of_numbers(old, &old_root);
		root_of_numbers(size, &root);
		assert_int_equal(
		    merkle_prove_inclusion(size, index, store_read, &numbers, &p), ERR_OK);
		assert_int_equal(
		    merkle_verify_inclusion(&numbers.node[0][index], index, size, &root, &p),
		    ERR_OK);
		if (other != index)
			assert_int_equal(merkle_verify_inclusion(
					     &numbers.node[0][other], index, size, &root, &p),
			    ERR_PROOF);
		assert_int_equal(
		    merkle_prove_consistency(old, size, store_read, &numbers, &p), ERR_OK);
		assert_int_equal(
		    merkle_verify_consistency(old, &old_root, size, &root, &p), ERR_OK);
	}
}

/* --- trees of all sizes that a number can say: all leaves alike, a level has but one node
 * --------- */

static struct digest uniform[MERKLE_LEVEL_MAX];

static enum err
uniform_read(void *context, unsigned level, uint64_t index, struct digest *out)
{
	assert_true(level < MERKLE_LEVEL_MAX);
	assert_true(index < *(const uint64_t *)context >> level);
	*out = uniform[level];
	return ERR_OK;
}

static struct digest
uniform_root(uint64_t size)
{
	struct merkle_frontier f;
	struct digest root;

	assert_int_equal(merkle_read_frontier(size, uniform_read, &size, &f), ERR_OK);
	merkle_frontier_root(&f, &root);
	return root;
}

static void
expect_uniform(uint64_t size, uint64_t index, uint64_t old)
{
	const struct digest root = uniform_root(size), old_root = uniform_root(old);
	struct merkle_proof p;

	assert_int_equal(merkle_prove_inclusion(size, index, uniform_read, &size, &p), ERR_OK);
	assert_true(p.count <= MERKLE_PROOF_MAX);
	assert_int_equal(merkle_verify_inclusion(&uniform[0], index, size, &root, &p), ERR_OK);
	assert_int_equal(merkle_prove_consistency(old, size, uniform_read, &size, &p), ERR_OK);
	assert_true(p.count <= MERKLE_CONSISTENCY_MAX);
	assert_int_equal(merkle_verify_consistency(old, &old_root, size, &root, &p), ERR_OK);
	if (p.count > 0) {
		p.hash[p.count - 1].bytes[0] ^= 1;
		assert_int_equal(
		    merkle_verify_consistency(old, &old_root, size, &root, &p), ERR_PROOF);
	}
}

static void
trees_of_any_size_are_proved(void **state)
{
	const uint64_t top = (uint64_t)1 << 63;
	const uint64_t edge[] = {1, 2, 3, top - 1, top, top + 1, UINT64_MAX - 1, UINT64_MAX};
	const size_t edges = sizeof(edge) / sizeof(edge[0]);

	(void)state;
	uniform[0] = naive_leaf(0);
	for (unsigned level = 1; level < MERKLE_LEVEL_MAX; level++)
		uniform[level] = naive_hash(&uniform[level - 1], &uniform[level - 1]);
	for (size_t i = 0; i < edges; i++) {
		for (size_t j = 0; j <= i; j++) {
			expect_uniform(edge[i], edge[j] - 1, edge[j]);
			expect_uniform(edge[i], edge[i] - edge[j], edge[i] - edge[j]);
		}
	}
	for (unsigned round = 0; round < 1000; round++) {
		const uint64_t size = (random_below(0) >> random_below(64)) | 1;

		expect_uniform(size, random_below(size), random_below(size));
	}
}

/* --- batches
 * -------------------------------------------------------------------------------------- */

static void
frontier_of(uint64_t size, struct merkle_frontier *f)
{
	merkle_frontier_init(f);
	for (uint64_t i = 0; i < size; i++) {
		const struct digest leaf = naive_leaf(i);

		merkle_frontier_append(f, &leaf);
	}
}

static uint64_t
size_of(const struct merkle_batch *b)
{
	struct merkle_frontier f;

	merkle_batch_frontier(b, &f);
	return f.size;
}

static void
add_up_to(struct merkle_batch *b, uint64_t size)
{
	for (uint64_t i = size_of(b); i < size; i++) {
		const struct digest leaf = naive_leaf(i);

		assert_int_equal(merkle_batch_add(b, &leaf), ERR_OK);
	}
}

static void
batches_prove_as_the_standard_does(void **state)
{
	struct merkle_batch *b = merkle_batch_new();
	static struct merkle_proof path[ALL_SIZES], consistency, made;
	struct merkle_frontier old_frontier;

	(void)state;
	assert_non_null(b);
	for (uint64_t size = 0; size <= ALL_SIZES; size++) {
		for (uint64_t index = 0; index < size; index++) {
			path[index].count = 0;
			naive_path(index, 0, size, &path[index]);
		}
		for (uint64_t old = 0; old <= size; old++) {
			frontier_of(old, &old_frontier);
			merkle_batch_begin(b, &old_frontier);
			add_up_to(b, size);
			assert_int_equal(merkle_batch_old_size(b), old);
			assert_int_equal(size_of(b), size);
			for (uint64_t index = old; index < size; index++) {
				merkle_batch_inclusion(b, index, &made);
				expect_same_proof(&made, &path[index]);
			}
			naive_consistency(old, size, &consistency);
			merkle_batch_consistency(b, &made);
			expect_same_proof(&made, &consistency);
		}
	}
	merkle_batch_free(&b);
}

static void
batches_have_the_root_and_the_frontier_of_the_new_tree(void **state)
{
	struct merkle_batch *b = merkle_batch_new();
	struct merkle_frontier f, expected;
	struct digest root, expected_root;

	(void)state;
	assert_non_null(b);
	for (uint64_t old = 0; old <= 70; old += 7) {
		for (uint64_t size = old; size <= ALL_SIZES; size++) {
			frontier_of(old, &f);
			merkle_batch_begin(b, &f);
			add_up_to(b, size);
			merkle_batch_root(b, &root);
			expected_root = naive_root(0, size);
			assert_true(digest_equal(&root, &expected_root));
			merkle_batch_frontier(b, &f);
			frontier_of(size, &expected);
			assert_int_equal(f.size, size);
			for (unsigned level = 0; level < MERKLE_LEVEL_MAX; level++)
				if ((size >> level & 1) != 0)
					assert_true(
					    digest_equal(&f.node[level], &expected.node[level]));
		}
	}
	merkle_batch_free(&b);
}

/* The right edge is remembered for the proofs of one state; a new leaf makes it a new one. */
static void
proofs_between_additions_follow_the_growing_tree(void **state)
{
	struct merkle_batch *b = merkle_batch_new();
	struct merkle_proof made, expected;
	struct merkle_frontier f;

	(void)state;
	assert_non_null(b);
	frontier_of(5, &f);
	merkle_batch_begin(b, &f);
	for (uint64_t size = 6; size <= 40; size++) {
		add_up_to(b, size);
		for (uint64_t index = 5; index < size; index++) {
			expected.count = 0;
			naive_path(index, 0, size, &expected);
			merkle_batch_inclusion(b, index, &made);
			expect_same_proof(&made, &expected);
		}
	}
	frontier_of(3, &f);
	merkle_batch_begin(b, &f);
	add_up_to(b, 4);
	expected.count = 0;
	naive_path(3, 0, 4, &expected);
	merkle_batch_inclusion(b, 3, &made);
	expect_same_proof(&made, &expected);
	merkle_batch_free(&b);
}

/* As a signer does it: each batch on the frontier of the one before, of any size. */
static void
a_chain_of_batches_grows_one_tree(void **state)
{
	struct merkle_batch *b = merkle_batch_new();
	struct merkle_frontier f;
	struct digest root, new_root;
	struct merkle_proof p;

	(void)state;
	assert_non_null(b);
	merkle_frontier_init(&f);
	merkle_empty_root(&root);
	while (f.size < 60000) {
		const uint64_t old = f.size, count = 1 + random_below(3000);

		merkle_batch_begin(b, &f);
		for (uint64_t i = old; i < old + count && i < BIG_SIZE; i++)
			assert_int_equal(merkle_batch_add(b, &numbers.node[0][i]), ERR_OK);
		merkle_batch_root(b, &new_root);
		merkle_batch_consistency(b, &p);
		merkle_batch_frontier(b, &f);
		assert_int_equal(
		    merkle_verify_consistency(old, &root, f.size, &new_root, &p), ERR_OK);
		for (uint64_t i = old; i < f.size; i += 1 + random_below(100)) {
			merkle_batch_inclusion(b, i, &p);
			assert_int_equal(
			    merkle_verify_inclusion(&numbers.node[0][i], i, f.size, &new_root, &p),
			    ERR_OK);
		}
		root = new_root;
	}
	root_of_numbers(f.size, &new_root);
	assert_true(digest_equal(&root, &new_root));
	merkle_batch_free(&b);
	assert_null(b);
	merkle_batch_free(&b);
}

/* Proofs of leaves that a batch cannot know are a fault of the caller. */
static void
expect_abort_at(uint64_t index)
{
	const struct rlimit no_core = {0, 0};
	struct merkle_proof p;
	struct merkle_frontier f;
	struct merkle_batch *b;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGABRT, SIG_DFL);
		b = merkle_batch_new();
		frontier_of(5, &f);
		merkle_batch_begin(b, &f);
		add_up_to(b, 8);
		merkle_batch_inclusion(b, index, &p);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
leaves_outside_a_batch_abort(void **state)
{
	(void)state;
	expect_abort_at(4);
	expect_abort_at(8);
	expect_abort_at(UINT64_MAX);
}

static int
make_numbers(void **state)
{
	(void)state;
	store_make(&numbers, BIG_SIZE, counted_leaf);
	return 0;
}

static int
free_numbers(void **state)
{
	(void)state;
	store_free(&numbers);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stored_proofs_are_those_of_the_standard),
	    cmocka_unit_test(what_is_not_in_the_tree_is_not_proved),
	    cmocka_unit_test(every_read_error_is_passed_on),
	    cmocka_unit_test(the_frontier_is_read_from_stored_nodes),
	    cmocka_unit_test(vectors_of_a_large_tree_come_out),
	    cmocka_unit_test(random_proofs_of_a_large_tree_verify),
	    cmocka_unit_test(trees_of_any_size_are_proved),
	    cmocka_unit_test(batches_prove_as_the_standard_does),
	    cmocka_unit_test(batches_have_the_root_and_the_frontier_of_the_new_tree),
	    cmocka_unit_test(proofs_between_additions_follow_the_growing_tree),
	    cmocka_unit_test(a_chain_of_batches_grows_one_tree),
	    cmocka_unit_test(leaves_outside_a_batch_abort),
	};

	return cmocka_run_group_tests(tests, make_numbers, free_numbers);
}
