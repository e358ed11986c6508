/* Files that a checkpoint does not rely on: older partial tiles, newer tiles, strangers. */
#include "tests/unit/log_fixture.h"

#include "log/leftovers.h"

static struct defects
run(struct fixture *f, const struct log_reader *l)
{
	struct defects defects;

	defects_begin(&defects, &f->findings, 50);
	leftovers_check(l, &defects);
	return defects;
}

static void
expect(struct fixture *f, const struct log_reader *l, uint64_t bad, uint64_t remarks)
{
	const struct defects defects = run(f, l);

	assert_int_equal(defects.bad, bad);
	assert_int_equal(defects.remarks, remarks);
	assert_int_equal(defects.unknown, 0);
}

static void
test_a_log_alone_has_none(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 300, &l);
	fixture_write(f, "checkpoint", "x", 1);
	fixture_write(f, "pending.00000000000000000300", "x", 1);
	expect(f, &l, 0, 0);
}

static void
test_older_partial_tiles_that_agree(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	for (uint64_t size = 1; size <= 300; size += 23)
		log_fixture_make(f, size, &l);
	log_fixture_make(f, 300, &l);
	expect(f, &l, 0, 0);
}

static void
test_older_partial_tiles_that_differ(void **state)
{
	static const char *const names[] = {
	    "tile/0/000.p/9", "tile/0/001.p/4", "tile/entries/000.p/9", "tile/entries/001.p/4"};
	struct fixture *f = *state;
	struct log_reader l;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		log_fixture_make(f, 9, &l);
		log_fixture_make(f, 260, &l);
		log_fixture_make(f, 300, &l);
		log_fixture_flip(f, names[i], 3);
		expect(f, &l, 1, 0);
		fixture_says(f, names[i]);
	}
}

static void
test_older_partial_tiles_of_a_wrong_size(void **state)
{
	static const uint8_t zeros[9000];
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 300, &l);
	fixture_write(f, "tile/0/000.p/9", zeros, 0);
	fixture_write(f, "tile/0/000.p/10", zeros, 9000);
	fixture_write(f, "tile/entries/000.p/1", zeros, 0);
	fixture_write(f, "tile/entries/001.p/1", "\0\011entry 256\0", 12);
	expect(f, &l, 4, 0);
	fixture_write(f, "tile/entries/001.p/1", "\0\011entry 256", 11);
	expect(f, &l, 3, 0);
}

static void
test_tiles_ahead_of_the_checkpoint(void **state)
{
	struct fixture *f = *state;
	struct log_reader l, larger;

	log_fixture_make(f, 300, &l);
	log_fixture_make(f, 520, &larger);
	/* 0/001, entries/001, 1/000.p/2, 0/002.p/8, entries/002.p/8 */
	expect(f, &l, 0, 5);
	fixture_says(f, "tile/1/000.p/2: ahead of the checkpoint");
}

static void
test_only_the_one_spelling_of_a_path_counts(void **state)
{
	static const char *const names[] = {"tile/0/0", "tile/0/0000", "tile/00/000", "tile/8/000",
	    "tile/-1/000", "tile/0/x000/001", "tile/0/x001/001.p/0", "tile/0/000.p/01",
	    "tile/0/000.p/256", "tile/0/000.p/+1", "tile/0/000.p/1/2", "tile/0/000.q",
	    "tile/0/x002", "tile/entries/000.p/1.new", "tile/entries/00a", "tile/entriesx/000",
	    "tilex/0/000", "Checkpoint", "pending.1", "pending.0000000000000000000a",
	    "tile/0/x018/x446/x744/x073/x709/x551/616", /* 2^64 */
	    "tile/0/x999/x999/x999/x999/x999/x999/x999/999"};
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fixture_write(f, names[i], "", 0);
	expect(f, &l, 0, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)run(f, &l);
		fixture_says(f, names[i]);
	}
}

static void
test_the_largest_index_is_one(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	fixture_write(f, "tile/0/x018/x446/x744/x073/x709/x551/615", "", 0);
	expect(f, &l, 0, 1);
	(void)run(f, &l);
	fixture_says(f, "615: ahead of the checkpoint");
}

static void
test_links_are_not_followed(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	assert_int_equal(symlinkat("..", f->dir, "tile/loop"), 0);
	assert_int_equal(symlinkat("/", f->dir, "root"), 0);
	expect(f, &l, 0, 2);
}

static void
test_directories_are_not_followed_without_end(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	fixture_write(f, "1/2/3/4/5/6/7/8/9/x", "", 0);
	expect(f, &l, 0, 1);
	fixture_write(f, "1/2/3/4/5/6/7/8/9/10/11/12/13/x", "", 0);
	fixture_write(f, "1/2/3/4/5/6/7/8/9/10/11/y", "", 0);
	expect(f, &l, 0, 2);
	fixture_says(f, "1/2/3/4/5/6/7/8/9/10: not a directory of a log");
}

static void
test_pipes_are_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct defects defects;
	struct log_reader l;

	log_fixture_make(f, 3, &l);
	assert_int_equal(mkfifoat(f->dir, "tile/0/000.p/2", 0600), 0);
	defects = run(f, &l);
	assert_int_equal(defects.unknown, 1);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_log_alone_has_none),
	    TEST(test_older_partial_tiles_that_agree),
	    TEST(test_older_partial_tiles_that_differ),
	    TEST(test_older_partial_tiles_of_a_wrong_size),
	    TEST(test_tiles_ahead_of_the_checkpoint),
	    TEST(test_only_the_one_spelling_of_a_path_counts),
	    TEST(test_the_largest_index_is_one),
	    TEST(test_links_are_not_followed),
	    TEST(test_directories_are_not_followed_without_end),
	    TEST(test_pipes_are_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
