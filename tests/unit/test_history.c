/* Receipts, checkpoints and copies of two logs that part somewhere: what contradicts is found, and
 * nothing else. */
#include "tests/unit/log_fixture.h"

#include "log/history.h"
#include "proto/tlog/forkproof.h"

#define SIZE_MOST 12
#define ORIGIN    "log.test"

/* Leaves of a log that is another from entry `parts` on. */
static struct digest
leaf_of(uint64_t index, uint64_t parts)
{
	struct buf entry = BUF_INIT;
	struct digest d;

	log_fixture_entry(index, &entry);
	if (index >= parts)
		buf_append_string(&entry, ", rewritten");
	merkle_leaf(buf_view(&entry), &d);
	buf_free(&entry);
	return d;
}

static uint64_t
split(uint64_t count)
{
	uint64_t k = 1;

	while (k < count - k)
		k *= 2;
	return k;
}

static struct digest
root_of(uint64_t begin, uint64_t end, uint64_t parts)
{
	struct digest left, right;

	if (end - begin == 1)
		return leaf_of(begin, parts);
	left = root_of(begin, begin + split(end - begin), parts);
	right = root_of(begin + split(end - begin), end, parts);
	merkle_node(&left, &right, &left);
	return left;
}

static void
path_of(uint64_t index, uint64_t begin, uint64_t end, uint64_t parts, struct merkle_proof *p)
{
	uint64_t k;

	if (end - begin == 1)
		return;
	k = begin + split(end - begin);
	if (index < k) {
		path_of(index, begin, k, parts, p);
		p->hash[p->count++] = root_of(k, end, parts);
	} else {
		path_of(index, k, end, parts, p);
		p->hash[p->count++] = root_of(begin, k, parts);
	}
}

static struct anchor *
checkpoint_of(const char *name, uint64_t size, uint64_t parts)
{
	struct anchor *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->name = strdup(name);
	(void)snprintf(a->checkpoint.origin, sizeof(a->checkpoint.origin), ORIGIN);
	a->checkpoint.size = size;
	a->checkpoint.root = root_of(0, size, parts);
	checkpoint_write(&a->checkpoint, &a->note);
	buf_append_string(&a->note, "\n\xe2\x80\x94 " ORIGIN " AAAAAAA=\n");
	return a;
}

static struct anchor *
receipt_of(const char *name, uint64_t index, uint64_t size, uint64_t parts)
{
	struct anchor *a = checkpoint_of(name, size, parts);

	a->has_leaf = true;
	a->index = index;
	a->leaf = leaf_of(index, parts);
	path_of(index, 0, size, parts, &a->proof);
	return a;
}

/* Whoever has the proof and the two checkpoints sees it too. */
static void
check_proof(const struct history_fork *fork)
{
	struct forkproof p;

	assert_int_equal(forkproof_parse(buf_view(&fork->proof), &p), ERR_OK);
	assert_int_equal(
	    forkproof_verify(&p, &fork->older->checkpoint, &fork->newer->checkpoint), ERR_OK);
	assert_true(view_equal(p.side[0].note, buf_view(&fork->older->note)));
	assert_true(view_equal(p.side[1].note, buf_view(&fork->newer->note)));
	assert_true(fork->older->checkpoint.size <= fork->newer->checkpoint.size);
}

/* Two receipts, one of a log that parts from the other's at `parts`. Gives whether it is found. */
static bool
finds(uint64_t index, uint64_t size, uint64_t other_index, uint64_t other_size, uint64_t parts)
{
	struct history *h = history_new();
	const struct anchor *older, *newer;
	bool found;

	assert_int_equal(history_add(h, receipt_of("a", index, size, UINT64_MAX)), ERR_OK);
	assert_int_equal(history_add(h, receipt_of("b", other_index, other_size, parts)), ERR_OK);
	assert_int_equal(history_count(h), 2);
	found = history_fork(h) != NULL;
	if (found)
		check_proof(history_fork(h));
	/* What is told is so. */
	else if (history_is_told(h, &older, &newer))
		assert_true(parts >= (size < other_size ? size : other_size));
	history_free(&h);
	return found;
}

static void
test_two_receipts(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= SIZE_MOST; n++)
		for (uint64_t i = 0; i < n; i++)
			for (uint64_t m = 1; m <= SIZE_MOST; m++)
				for (uint64_t j = 0; j < m; j++)
					for (uint64_t d = 0; d <= SIZE_MOST; d += 1 + d / 4) {
						const uint64_t least = n < m ? n : m;
						const bool found = finds(i, n, j, m, d);

						/* They agree on all that both have. */
						if (d >= least) {
							assert_false(found);
							continue;
						}
						if (n == m || (i == j && i >= d) ||
						    (n < m && (j == n || j == n - 1)) ||
						    (m < n && (i == m || i == m - 1)))
							assert_true(found);
					}
}

static void
test_a_receipt_and_a_checkpoint(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= SIZE_MOST; n++)
		for (uint64_t m = 1; m <= SIZE_MOST; m++)
			for (uint64_t j = 0; j < m; j++)
				for (uint64_t d = 0; d <= SIZE_MOST; d += 3) {
					struct history *h = history_new();
					const bool both = n <= m && (j == n || j == n - 1);
					bool found;

					assert_int_equal(
					    history_add(h, checkpoint_of("a", n, UINT64_MAX)),
					    ERR_OK);
					assert_int_equal(
					    history_add(h, receipt_of("b", j, m, d)), ERR_OK);
					found = history_fork(h) != NULL;
					if (found)
						check_proof(history_fork(h));
					if (d >= (n < m ? n : m))
						assert_false(found);
					else if (both || n == m)
						assert_true(found);
					history_free(&h);
				}
}

/* In whatever order they come, and among others: the first contradiction is kept. */
static void
test_many(void **state)
{
	struct history *h = history_new();
	const struct anchor *older, *newer;

	(void)state;
	for (uint64_t i = 0; i < 40; i++)
		assert_int_equal(
		    history_add(h, receipt_of("honest", i, 40 + i, UINT64_MAX)), ERR_OK);
	assert_null(history_fork(h));
	assert_false(history_is_told(h, &older, &newer));
	assert_non_null(older);
	assert_true(older->checkpoint.size < newer->checkpoint.size);
	for (uint64_t i = 40; i < 79; i++)
		assert_int_equal(history_add(h, receipt_of("next", i, i + 1, UINT64_MAX)), ERR_OK);
	assert_null(history_fork(h));
	assert_true(history_is_told(h, &older, &newer));
	assert_int_equal(history_add(h, checkpoint_of("liar", 60, 59)), ERR_OK);
	assert_non_null(history_fork(h));
	check_proof(history_fork(h));
	assert_non_null(strstr(history_fork(h)->text, "liar"));
	assert_non_null(strstr(history_fork(h)->text, "cannot both be true"));
	history_free(&h);
}

static void
test_logs_of_other_names_are_not_compared(void **state)
{
	struct history *h = history_new();
	struct anchor *a = receipt_of("a", 3, 8, UINT64_MAX), *b = receipt_of("b", 3, 8, 0);

	(void)state;
	(void)snprintf(b->checkpoint.origin, sizeof(b->checkpoint.origin), "another.test");
	assert_int_equal(history_add(h, a), ERR_OK);
	assert_int_equal(history_add(h, b), ERR_OK);
	assert_null(history_fork(h));
	history_free(&h);
}

/* Of each log one checkpoint: there is nothing between them to be told. */
static void
test_each_log_has_a_history_of_its_own(void **state)
{
	struct history *h = history_new();
	struct anchor *b = checkpoint_of("b", 9, 0);
	const struct anchor *older, *newer;

	(void)state;
	(void)snprintf(b->checkpoint.origin, sizeof(b->checkpoint.origin), "another.test");
	assert_int_equal(history_add(h, checkpoint_of("a", 8, UINT64_MAX)), ERR_OK);
	assert_int_equal(history_add(h, b), ERR_OK);
	assert_true(history_is_told(h, &older, &newer));
	assert_null(older);
	assert_int_equal(history_add(h, checkpoint_of("c", 9, UINT64_MAX)), ERR_OK);
	assert_false(history_is_told(h, &older, &newer));
	assert_string_equal(older->name, "a");
	assert_string_equal(newer->name, "c");
	history_free(&h);
}

/* Any tree begins with the empty one. */
static void
test_an_empty_log_is_told_of(void **state)
{
	struct history *h = history_new();
	struct anchor *none = checkpoint_of("none", 1, UINT64_MAX);
	const struct anchor *older, *newer;

	(void)state;
	none->checkpoint.size = 0;
	merkle_empty_root(&none->checkpoint.root);
	assert_int_equal(history_add(h, none), ERR_OK);
	assert_int_equal(history_add(h, checkpoint_of("a", 8, UINT64_MAX)), ERR_OK);
	assert_true(history_is_told(h, &older, &newer));
	history_free(&h);
}

/* The copy has the first entries of the honest log. */
static enum err
held(const struct log_reader *l, struct anchor *a, bool *fork)
{
	struct history *h = history_new();
	struct anchor *copy = anchor_of_log("copy", l);
	enum err e;

	assert_int_equal(history_add(h, copy), ERR_OK);
	assert_int_equal(history_add(h, a), ERR_OK);
	e = history_hold(h, a, l, copy);
	*fork = history_fork(h) != NULL;
	if (*fork)
		check_proof(history_fork(h));
	history_free(&h);
	return e;
}

/* As a log of this name would have signed it. */
static void
seal(struct log_reader *l)
{
	(void)snprintf(l->checkpoint.origin, sizeof(l->checkpoint.origin), ORIGIN);
	checkpoint_write(&l->checkpoint, &l->note);
	buf_append_string(&l->note, "\n\xe2\x80\x94 " ORIGIN " AAAAAAA=\n");
}

static void
test_a_copy_decides(void **state)
{
	const uint64_t size = 300;
	struct fixture *f = *state;
	struct anchor *foreign;
	struct log_reader l;
	bool fork;

	log_fixture_make(f, size, &l);
	seal(&l);
	for (uint64_t n = 1; n < size; n += 1 + n / 3) {
		assert_int_equal(held(&l, checkpoint_of("good", n, UINT64_MAX), &fork), ERR_OK);
		assert_false(fork);
		assert_int_equal(held(&l, receipt_of("good", n / 2, n, UINT64_MAX), &fork), ERR_OK);
		assert_int_equal(held(&l, checkpoint_of("liar", n, n - 1), &fork), ERR_PROOF);
		assert_true(fork);
	}
	assert_int_equal(held(&l, checkpoint_of("good", size, UINT64_MAX), &fork), ERR_OK);
	assert_int_equal(held(&l, checkpoint_of("liar", size, 7), &fork), ERR_PROOF);
	/* It ends before: that it lacks something is all that a checkpoint shows, and a receipt
	 * more. */
	assert_int_equal(held(&l, checkpoint_of("later", 400, UINT64_MAX), &fork), ERR_NOT_FOUND);
	assert_false(fork);
	assert_int_equal(held(&l, receipt_of("later", 9, 400, UINT64_MAX), &fork), ERR_NOT_FOUND);
	assert_false(fork);
	assert_int_equal(held(&l, receipt_of("liar", 9, 400, 9), &fork), ERR_PROOF);
	assert_true(fork);
	assert_int_equal(held(&l, receipt_of("liar", 399, 400, 255), &fork), ERR_PROOF);
	assert_true(fork);
	foreign = checkpoint_of("foreign", 9, 7);
	(void)snprintf(foreign->checkpoint.origin, sizeof(foreign->checkpoint.origin), "b.test");
	assert_int_equal(held(&l, foreign, &fork), ERR_MISMATCH);
	assert_false(fork);
	buf_free(&l.note);
}

/* Its tiles are somebody's word until they lead to the signed root. */
static void
test_a_damaged_copy_proves_no_fork(void **state)
{
	struct fixture *f = *state;
	struct buf tile = BUF_INIT;
	struct log_reader l;
	bool fork;

	log_fixture_make(f, 200, &l);
	seal(&l);
	assert_int_equal(log_read_tile(&l, 0, 0, &tile), ERR_OK);
	for (size_t at = 0; at < 100 * DIGEST_SIZE; at += 37) {
		tile.data[at] ^= 1;
		fixture_write(f, "tile/0/000.p/200", tile.data, tile.size);
		assert_int_equal(
		    held(&l, checkpoint_of("good", 100, UINT64_MAX), &fork), ERR_DIGEST);
		assert_false(fork);
		assert_int_equal(
		    held(&l, receipt_of("good", at / DIGEST_SIZE, 300, UINT64_MAX), &fork),
		    ERR_DIGEST);
		assert_false(fork);
		tile.data[at] ^= 1;
	}
	buf_free(&tile);
	buf_free(&l.note);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_two_receipts),
	    TEST(test_a_receipt_and_a_checkpoint),
	    TEST(test_many),
	    TEST(test_logs_of_other_names_are_not_compared),
	    TEST(test_each_log_has_a_history_of_its_own),
	    TEST(test_an_empty_log_is_told_of),
	    TEST(test_a_copy_decides),
	    TEST(test_a_damaged_copy_proves_no_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
