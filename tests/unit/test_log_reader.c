/* Reading a log: entries only with proof, partial tiles from full ones. */
#include "tests/unit/log_fixture.h"

static void
test_every_entry_is_proved(void **state)
{
	static const uint64_t sizes[] = {1, 2, 3, 7, 256, 300, 513};
	struct fixture *f = *state;
	struct buf entry = BUF_INIT, expected = BUF_INIT;
	struct log_reader l;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		log_fixture_make(f, sizes[i], &l);
		for (uint64_t index = 0; index < sizes[i]; index += 1 + sizes[i] / 20) {
			buf_clear(&entry);
			buf_clear(&expected);
			log_fixture_entry(index, &expected);
			assert_int_equal(log_prove_entry(&l, index, &entry), ERR_OK);
			assert_true(view_equal(buf_view(&entry), buf_view(&expected)));
		}
		assert_int_equal(log_prove_entry(&l, sizes[i], &entry), ERR_NOT_FOUND);
		assert_int_equal(log_prove_entry(&l, UINT64_MAX, &entry), ERR_NOT_FOUND);
	}
	buf_free(&entry);
	buf_free(&expected);
}

static void
test_a_changed_entry_is_not_proved(void **state)
{
	struct fixture *f = *state;
	struct buf entry = BUF_INIT;
	struct log_reader l;

	log_fixture_make(f, 300, &l);
	log_fixture_flip(f, "tile/entries/000", 4);
	assert_int_equal(log_prove_entry(&l, 0, &entry), ERR_PROOF);
	assert_int_equal(log_prove_entry(&l, 1, &entry), ERR_OK);
	log_fixture_make(f, 300, &l);
	log_fixture_flip(f, "tile/0/000", 32);
	assert_int_equal(log_prove_entry(&l, 0, &entry), ERR_PROOF);
	log_fixture_make(f, 300, &l);
	l.checkpoint.root.bytes[3] ^= 1;
	assert_int_equal(log_prove_entry(&l, 0, &entry), ERR_PROOF);
	buf_free(&entry);
}

static void
test_tiles_have_their_width(void **state)
{
	struct fixture *f = *state;
	struct buf tile = BUF_INIT;
	struct log_reader l;

	log_fixture_make(f, 300, &l);
	assert_int_equal(log_read_tile(&l, 0, 0, &tile), ERR_OK);
	assert_int_equal(tile.size, 8192);
	assert_int_equal(log_read_tile(&l, 0, 1, &tile), ERR_OK);
	assert_int_equal(tile.size, 44 * 32);
	assert_int_equal(log_read_tile(&l, 1, 0, &tile), ERR_OK);
	assert_int_equal(tile.size, 32);
	assert_int_equal(log_read_tile(&l, 0, 2, &tile), ERR_NOT_FOUND);
	assert_int_equal(log_read_tile(&l, 2, 0, &tile), ERR_NOT_FOUND);
	assert_int_equal(log_read_tile(&l, 63, 0, &tile), ERR_NOT_FOUND);
	buf_free(&tile);
}

static void
test_a_tile_of_another_size_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf tile = BUF_INIT;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	fixture_write(f, "tile/0/000.p/3", "x", 1);
	assert_int_equal(log_read_tile(&l, 0, 0, &tile), ERR_FORMAT_SIZE);
	assert_int_equal(tile.size, 0);
	assert_int_equal(unlinkat(f->dir, "tile/0/000.p/3", 0), 0);
	fixture_write(f, "tile/0/000", tile.data, 96);
	assert_int_equal(log_read_tile(&l, 0, 0, &tile), ERR_FORMAT_SIZE);
	buf_free(&tile);
}

static void
test_a_partial_tile_that_is_gone_is_read_from_the_full_one(void **state)
{
	struct fixture *f = *state;
	struct log_reader l, larger;
	struct buf tile = BUF_INIT;
	bool exact;

	log_fixture_make(f, 3, &l);
	assert_int_equal(log_read_entries(&l, 0, &tile, &exact), ERR_OK);
	assert_true(exact);
	log_fixture_make(f, 256, &larger);
	assert_int_equal(unlinkat(f->dir, "tile/0/000.p/3", 0), 0);
	assert_int_equal(unlinkat(f->dir, "tile/entries/000.p/3", 0), 0);
	assert_int_equal(log_read_tile(&l, 0, 0, &tile), ERR_OK);
	assert_int_equal(tile.size, 96);
	assert_int_equal(log_read_entries(&l, 0, &tile, &exact), ERR_OK);
	assert_false(exact);
	assert_int_equal(unlinkat(f->dir, "tile/0/000", 0), 0);
	assert_int_equal(log_read_tile(&l, 0, 0, &tile), ERR_NOT_FOUND);
	buf_free(&tile);
}

static void
test_no_log(void **state)
{
	struct fixture *f = *state;
	struct seal_wanted wanted = {{1, {fixture_certificate("x")}}, NULL};
	struct log_reader l;

	assert_int_equal(log_open(&l, "/nonexistent", &wanted, &f->findings), OUTCOME_UNKNOWN);
	log_close(&l);
	fixture_says(f, "/nonexistent: No such file or directory");
	assert_int_equal(log_open(&l, f->path, &wanted, &f->findings), OUTCOME_UNKNOWN);
	log_close(&l);
	fixture_says(f, "/checkpoint: there is no such file");
	fixture_write(f, "checkpoint", "garbage\n", 8);
	assert_int_equal(log_open(&l, f->path, &wanted, &f->findings), OUTCOME_BAD);
	log_close(&l);
	signercerts_free(&wanted.certificates);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_every_entry_is_proved),
	    TEST(test_a_changed_entry_is_not_proved),
	    TEST(test_tiles_have_their_width),
	    TEST(test_a_tile_of_another_size_is_refused),
	    TEST(test_a_partial_tile_that_is_gone_is_read_from_the_full_one),
	    TEST(test_no_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
