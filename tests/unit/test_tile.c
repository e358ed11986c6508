/* Tiles: paths, widths and counts as the vectors have them; entries of a bundle. */
#include "tests/lib/vectors.h"

#include "proto/tlog/tile.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

static uint64_t
next_number(struct view *line)
{
	uint64_t number;

	assert_int_equal(decimal_decode(next_word(line), &number), ERR_OK);
	return number;
}

static void
check_vector(struct view line)
{
	const struct view kind = next_word(&line);
	const uint64_t size = next_number(&line);
	const bool entries = view_equal(kind, V("entries"));
	const unsigned level = entries ? 0 : (unsigned)next_number(&line);
	const uint64_t number = next_number(&line);
	char path[TILE_PATH_SIZE];
	unsigned width;

	if (view_equal(kind, V("count"))) {
		assert_true(tile_count(level, size) == number);
		assert_int_equal(tile_width(level, number, size), 0);
		assert_int_equal(tile_width(level, UINT64_MAX, size), 0);
		return;
	}
	width = (unsigned)next_number(&line);
	assert_int_equal(tile_width(level, number, size), width);
	if (entries)
		tile_entries_path(number, width, path);
	else
		tile_path(level, number, width, path);
	assert_true(view_equal(view_of_string(path), line));
}

static void
vectors_come_out(void **state)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	unsigned checked = 0;

	(void)state;
	vector_file("tiles.txt", &text);
	rest = buf_view(&text);
	for (; line_next(&rest, &line) == ERR_OK; checked++)
		check_vector(line);
	assert_int_equal(rest.size, 0);
	assert_true(checked > 100);
	buf_free(&text);
}

static void
the_longest_path_fits(void **state)
{
	char path[TILE_PATH_SIZE];

	(void)state;
	tile_entries_path(UINT64_MAX, 255, path);
	assert_string_equal(path, "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255");
	tile_path(63, UINT64_MAX, 255, path);
	assert_string_equal(path, "tile/63/x018/x446/x744/x073/x709/x551/615.p/255");
}

static void
groups_keep_their_zeros(void **state)
{
	static const struct {
		uint64_t index;
		const char *path;
	} cases[] = {{0, "tile/0/000"}, {7, "tile/0/007"}, {999, "tile/0/999"},
	    {1000, "tile/0/x001/000"}, {1234067, "tile/0/x001/x234/067"},
	    {1000000, "tile/0/x001/x000/000"}};
	char path[TILE_PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		tile_path(0, cases[i].index, TILE_WIDTH, path);
		assert_string_equal(path, cases[i].path);
	}
}

static void
empty_trees_and_high_levels_have_no_tiles(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 63; level++) {
		assert_int_equal(tile_count(level, 0), 0);
		assert_int_equal(tile_width(level, 0, 0), 0);
		if (level > TILE_LEVEL_MAX)
			assert_int_equal(tile_count(level, UINT64_MAX), 0);
	}
}

/* As the specification says it: floor(size / 256^level) mod 256 is the width of the partial one. */
static void
widths_sum_up_to_the_hashes_of_a_level(void **state)
{
	(void)state;
	for (uint64_t size = 0; size <= 70000; size += 13) {
		for (unsigned level = 0; level < 3; level++) {
			const uint64_t hashes = size >> (8 * level);
			uint64_t sum = 0;

			for (uint64_t i = 0; i < tile_count(level, size); i++)
				sum += tile_width(level, i, size);
			assert_true(sum == hashes);
		}
	}
}

static void
entries_go_in_and_come_out(void **state)
{
	static uint8_t largest[ENTRY_SIZE_MAX];
	struct buf bundle = BUF_INIT;
	struct view rest, entry;

	(void)state;
	memset(largest, 'e', sizeof(largest));
	assert_int_equal(tile_entry_append(&bundle, V("abc")), ERR_OK);
	assert_int_equal(tile_entry_append(&bundle, (struct view){NULL, 0}), ERR_OK);
	assert_memory_equal(bundle.data, "\0\3abc\0\0", 7);
	assert_int_equal(
	    tile_entry_append(&bundle, (struct view){largest, sizeof(largest)}), ERR_OK);
	rest = buf_view(&bundle);
	assert_int_equal(tile_entry_next(&rest, &entry), ERR_OK);
	assert_true(view_equal(entry, V("abc")));
	assert_int_equal(tile_entry_next(&rest, &entry), ERR_OK);
	assert_int_equal(entry.size, 0);
	assert_int_equal(tile_entry_next(&rest, &entry), ERR_OK);
	assert_int_equal(entry.size, ENTRY_SIZE_MAX);
	assert_int_equal(rest.size, 0);
	assert_int_equal(tile_entry_next(&rest, &entry), ERR_FORMAT);
	buf_free(&bundle);
}

static void
entries_over_the_limit_are_not_written(void **state)
{
	static uint8_t large[ENTRY_SIZE_MAX + 1];
	struct buf bundle = BUF_INIT;

	(void)state;
	assert_int_equal(
	    tile_entry_append(&bundle, (struct view){large, sizeof(large)}), ERR_FORMAT_SIZE);
	assert_int_equal(bundle.size, 0);
	bundle.failed = true;
	assert_int_equal(tile_entry_append(&bundle, V("a")), ERR_MEMORY);
	buf_free(&bundle);
}

static void
entries_beyond_the_bytes_are_refused(void **state)
{
	static const struct view bad[] = {
	    V(""), V("\0"), V("\0\1"), V("\0\4abc"), V("\1\0abc"), V("\xff\xff")};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct view rest = bad[i], entry;

		assert_int_equal(tile_entry_next(&rest, &entry), ERR_FORMAT);
		assert_true(view_equal(rest, bad[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_come_out),
	    cmocka_unit_test(the_longest_path_fits),
	    cmocka_unit_test(groups_keep_their_zeros),
	    cmocka_unit_test(empty_trees_and_high_levels_have_no_tiles),
	    cmocka_unit_test(widths_sum_up_to_the_hashes_of_a_level),
	    cmocka_unit_test(entries_go_in_and_come_out),
	    cmocka_unit_test(entries_over_the_limit_are_not_written),
	    cmocka_unit_test(entries_beyond_the_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
