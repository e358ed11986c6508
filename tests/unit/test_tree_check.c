/* A log's tiles and entries in one pass: complete, and every damage named once. */
#include "tests/unit/log_fixture.h"

#include "log/tree_check.h"

struct seen {
	uint64_t count;
	bool in_order;
};

static void
visit(void *context, const struct tree_check_entries *e)
{
	struct seen *s = context;
	struct buf expected = BUF_INIT;
	struct digest leaf;

	s->in_order = s->in_order && e->first == s->count && e->count > 0;
	for (size_t i = 0; i < e->count; i++) {
		buf_clear(&expected);
		log_fixture_entry(e->first + i, &expected);
		merkle_leaf(e->entry[i], &leaf);
		s->in_order = s->in_order && view_equal(e->entry[i], buf_view(&expected)) &&
			      digest_equal(&leaf, &e->leaf[i]);
	}
	s->count += e->count;
	buf_free(&expected);
}

static struct tree_check_result
run(struct fixture *f, const struct log_reader *l, struct defects *defects, struct seen *seen)
{
	struct tree_check *t;
	struct tree_check_result result;

	defects_begin(defects, &f->findings, 50);
	t = tree_check_new(defects, seen != NULL ? visit : NULL, seen);
	assert_non_null(t);
	tree_check_run(t, l);
	result = *tree_check_result(t);
	tree_check_free(&t);
	assert_null(t);
	return result;
}

static void
expect(struct fixture *f, const struct log_reader *l, uint64_t bad, const char *words)
{
	struct defects defects;

	(void)run(f, l, &defects, NULL);
	assert_int_equal(defects.bad, bad);
	assert_int_equal(defects.unknown, 0);
	fixture_says(f, words);
}

static void
test_every_small_size_is_good(void **state)
{
	struct fixture *f = *state;

	for (uint64_t size = 0; size <= 20; size++) {
		struct seen seen = {0, true};
		struct tree_check_result result;
		struct defects defects;
		struct log_reader l;

		log_fixture_make(f, size, &l);
		result = run(f, &l, &defects, &seen);
		assert_int_equal(defects_outcome(&defects), OUTCOME_GOOD);
		assert_true(seen.in_order);
		assert_int_equal(seen.count, size);
		assert_int_equal(result.entries, size);
		assert_int_equal(result.hashes, size);
	}
}

static void
test_sizes_around_full_tiles_are_good(void **state)
{
	static const uint64_t sizes[] = {255, 256, 257, 511, 512, 513, 1024, 1025};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct defects defects;
		struct log_reader l;
		struct tree_check_result result;

		log_fixture_make(f, sizes[i], &l);
		result = run(f, &l, &defects, NULL);
		assert_int_equal(defects_outcome(&defects), OUTCOME_GOOD);
		assert_int_equal(defects.remarks, 0);
		assert_int_equal(result.hashes, sizes[i] + sizes[i] / 256);
	}
}

/* Each size from each smaller one; a checkpoint that is wrong is bad at that one. */
static void
test_a_log_that_grows_is_followed(void **state)
{
	static const uint64_t sizes[] = {0, 1, 3, 3, 255, 256, 300, 512, 513, 1025};
	struct fixture *f = *state;
	struct seen seen = {0, true};
	struct defects defects;
	struct tree_check *t;
	struct log_reader l;

	defects_begin(&defects, &f->findings, 50);
	t = tree_check_new(&defects, visit, &seen);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		log_fixture_make(f, sizes[i], &l);
		tree_check_run(t, &l);
		assert_int_equal(defects_outcome(&defects), OUTCOME_GOOD);
		assert_true(seen.in_order);
		assert_int_equal(seen.count, sizes[i]);
		assert_int_equal(tree_check_result(t)->entries, sizes[i]);
	}
	log_fixture_make(f, 1030, &l);
	l.checkpoint.root.bytes[0] ^= 1;
	tree_check_run(t, &l);
	assert_int_equal(defects.bad, 1);
	tree_check_free(&t);
}

static void
test_damage_is_found_wherever_a_run_began(void **state)
{
	struct fixture *f = *state;
	struct defects defects;
	struct tree_check *t;
	struct log_reader l;

	for (uint64_t size = 250; size < 260; size++) {
		defects_begin(&defects, &f->findings, 50);
		t = tree_check_new(&defects, NULL, NULL);
		log_fixture_make(f, size, &l);
		tree_check_run(t, &l);
		log_fixture_make(f, 300, &l);
		log_fixture_flip(f, size < 256 ? "tile/entries/000" : "tile/entries/001.p/44",
		    (off_t)(size < 256 ? 2700 : 471)); /* near the end */
		tree_check_run(t, &l);
		assert_int_equal(defects.bad, 1);
		tree_check_free(&t);
		(void)fixture_output(f);
	}
}

static void
test_another_root_is_bad(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 5, &l);
	l.checkpoint.root.bytes[31] ^= 1;
	expect(f, &l, 1, "checkpoint: expected the signed root");
	log_fixture_make(f, 0, &l);
	l.checkpoint.root.bytes[0] ^= 1;
	expect(f, &l, 1, "checkpoint: expected the signed root");
}

static void
test_a_changed_entry_is_named_once(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 513, &l);
	log_fixture_flip(f, "tile/entries/001", 5);
	expect(f, &l, 1, "tile/entries/001, entry 256: hashes to");
	expect(f, &l, 1, "missing, not readable, or not the ones");
}

static void
test_a_changed_hash_is_named_once(void **state)
{
	static const char *const names[] = {"tile/0/000", "tile/0/002.p/1", "tile/1/000.p/2"};
	struct fixture *f = *state;
	struct log_reader l;

	for (size_t i = 0; i < 3; i++) {
		log_fixture_make(f, 513, &l);
		log_fixture_flip(f, names[i], 7);
		expect(f, &l, 1, names[i]);
		expect(f, &l, 1, "all entries are as they were signed");
	}
}

static void
test_both_sides_changed_alike_is_seen_above(void **state)
{
	struct fixture *f = *state;
	struct buf entry = BUF_INIT;
	struct digest leaf;
	struct log_reader l;
	int fd;

	log_fixture_make(f, 513, &l);
	log_fixture_flip(f, "tile/entries/001", 2);
	buf_append_string(&entry, "untry 256");
	entry.data[0] = 'e' ^ 0x10;
	merkle_leaf(buf_view(&entry), &leaf);
	fd = openat(f->dir, "tile/0/001", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, leaf.bytes, DIGEST_SIZE, 0), DIGEST_SIZE);
	close(fd);
	expect(f, &l, 1, "tile/1/000.p/2: hash 1: expected");
	buf_free(&entry);
}

static void
test_missing_files_are_bad(void **state)
{
	static const char *const names[] = {"tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1",
	    "tile/entries/000", "tile/entries/001.p/1"};
	struct fixture *f = *state;
	struct log_reader l;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		log_fixture_make(f, 257, &l);
		assert_int_equal(unlinkat(f->dir, names[i], 0), 0);
		expect(f, &l, 1, names[i]);
	}
}

static void
test_what_cannot_be_read_is_unknown(void **state)
{
	struct fixture *f = *state;
	struct defects defects;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	assert_int_equal(unlinkat(f->dir, "tile/0/000.p/3", 0), 0);
	assert_int_equal(mkdirat(f->dir, "tile/0/000.p/3", 0700), 0);
	(void)run(f, &l, &defects, NULL);
	assert_int_equal(defects.bad, 0);
	assert_int_equal(defects.unknown, 1);
	assert_int_equal(defects_outcome(&defects), OUTCOME_UNKNOWN);
}

static void
test_tiles_of_a_wrong_size_are_bad(void **state)
{
	static const size_t sizes[] = {0, 1, 31, 32, 64, 95, 97, 128, 8192, 8193};
	static const uint8_t zeros[8193];
	struct fixture *f = *state;
	struct log_reader l;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		log_fixture_make(f, 3, &l);
		fixture_write(f, "tile/0/000.p/3", zeros, sizes[i]);
		expect(f, &l, 1, "tile/0/000.p/3: expected a tile of 3 hashes");
	}
}

static void
test_bundles_that_are_cut_or_go_on_are_bad(void **state)
{
	struct fixture *f = *state;
	struct buf bundle = BUF_INIT;
	struct log_reader l;

	log_fixture_make(f, 2, &l);
	for (uint64_t i = 0; i < 2; i++) {
		struct buf entry = BUF_INIT;

		log_fixture_entry(i, &entry);
		assert_int_equal(tile_entry_append(&bundle, buf_view(&entry)), ERR_OK);
		buf_free(&entry);
	}
	for (size_t size = 0; size < bundle.size; size++) {
		fixture_write(f, "tile/entries/000.p/2", bundle.data, size);
		expect(f, &l, 1,
		    size < 9 ? "entry 0: expected 2 entries, found 0"
			     : "entry 1: expected 2 entries, found 1");
	}
	buf_append_byte(&bundle, 0);
	fixture_write(f, "tile/entries/000.p/2", bundle.data, bundle.size);
	expect(f, &l, 1, "expected its end behind entry 1, found 1 bytes more");
	buf_free(&bundle);
}

static void
test_a_full_bundle_stands_in_for_a_partial_one(void **state)
{
	struct fixture *f = *state;
	struct defects defects;
	struct log_reader l, larger;

	log_fixture_make(f, 3, &l);
	assert_int_equal(unlinkat(f->dir, "tile/0/000.p/3", 0), 0);
	assert_int_equal(unlinkat(f->dir, "tile/entries/000.p/3", 0), 0);
	log_fixture_make(f, 256, &larger);
	(void)run(f, &l, &defects, NULL);
	assert_int_equal(defects_outcome(&defects), OUTCOME_GOOD);
}

static void
test_the_search_ends_when_it_is_full(void **state)
{
	struct fixture *f = *state;
	struct tree_check_result result;
	struct defects defects;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	l.checkpoint.size = UINT64_MAX;
	result = run(f, &l, &defects, NULL);
	assert_true(defects_full(&defects));
	assert_true(result.tiles < 100);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

/* From any place: what a check goes on from is what the tiles lead to, and nothing before it. */
static void
test_a_check_goes_on_from_where_another_ended(void **state)
{
	static const uint64_t sizes[] = {0, 1, 255, 256, 257, 511, 512, 700, 1023, 1024};
	struct fixture *f = *state;
	struct log_reader l, begin;
	struct defects defects;

	log_fixture_make(f, 1024, &l);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct seen seen = {sizes[i], true};
		struct tree_check *t = tree_check_new(&defects, visit, &seen);

		defects_begin(&defects, &f->findings, 50);
		assert_int_equal(log_begin_of(&l, sizes[i], &begin), ERR_OK);
		assert_int_equal(tree_check_resume(t, &begin), ERR_OK);
		assert_int_equal(tree_check_size(t), sizes[i]);
		tree_check_run(t, &l);
		assert_int_equal(defects_outcome(&defects), OUTCOME_GOOD);
		assert_int_equal(tree_check_state(t), TREE_CHECK_GOOD);
		assert_true(seen.in_order);
		assert_int_equal(seen.count, 1024);
		begin.checkpoint.root.bytes[0] ^= 1;
		assert_int_equal(tree_check_resume(t, &begin), ERR_PROOF);
		tree_check_free(&t);
	}
}

/* Of a log that was never signed at that size: no partial tile is there. */
static void
test_a_beginning_is_checked_by_wider_tiles(void **state)
{
	struct fixture *f = *state;
	struct log_reader l, begin;
	struct defects defects;

	log_fixture_make(f, 700, &l);
	for (uint64_t size = 0; size <= 700; size += 35) {
		assert_int_equal(log_begin_of(&l, size, &begin), ERR_OK);
		(void)run(f, &begin, &defects, NULL);
		assert_int_equal(defects_outcome(&defects), OUTCOME_GOOD);
	}
	assert_int_equal(log_begin_of(&l, 701, &begin), ERR_NOT_FOUND);
	l.checkpoint.root.bytes[0] ^= 1;
	assert_int_equal(log_begin_of(&l, 300, &begin), ERR_PROOF);
}

static void
test_what_is_not_there_is_told_from_what_is_wrong(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct defects defects;
	struct tree_check *t;
	struct merkle_frontier empty;

	log_fixture_make(f, 300, &l);
	assert_int_equal(unlinkat(f->dir, "tile/entries/000", 0), 0);
	defects_begin(&defects, &f->findings, 50);
	t = tree_check_new(&defects, NULL, NULL);
	tree_check_run(t, &l);
	assert_int_equal(tree_check_state(t), TREE_CHECK_LACKS);
	tree_check_free(&t);
	fixture_write(f, "tile/entries/000", "x", 1);
	t = tree_check_new(&defects, NULL, NULL);
	tree_check_run(t, &l);
	assert_int_equal(tree_check_state(t), TREE_CHECK_WRONG);
	merkle_frontier_init(&empty);
	l.checkpoint.size = 0;
	merkle_frontier_root(&empty, &l.checkpoint.root);
	assert_int_equal(tree_check_resume(t, &l), ERR_OK);
	assert_int_equal(tree_check_state(t), TREE_CHECK_GOOD);
	tree_check_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_every_small_size_is_good),
	    TEST(test_sizes_around_full_tiles_are_good),
	    TEST(test_a_log_that_grows_is_followed),
	    TEST(test_damage_is_found_wherever_a_run_began),
	    TEST(test_another_root_is_bad),
	    TEST(test_a_changed_entry_is_named_once),
	    TEST(test_a_changed_hash_is_named_once),
	    TEST(test_both_sides_changed_alike_is_seen_above),
	    TEST(test_missing_files_are_bad),
	    TEST(test_what_cannot_be_read_is_unknown),
	    TEST(test_tiles_of_a_wrong_size_are_bad),
	    TEST(test_bundles_that_are_cut_or_go_on_are_bad),
	    TEST(test_a_full_bundle_stands_in_for_a_partial_one),
	    TEST(test_the_search_ends_when_it_is_full),
	    TEST(test_a_check_goes_on_from_where_another_ended),
	    TEST(test_a_beginning_is_checked_by_wider_tiles),
	    TEST(test_what_is_not_there_is_told_from_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
