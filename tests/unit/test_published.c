/*
 * Paths of tiles, as they are asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register/publish/published.h"

static void
expect(const char *path, bool entries, unsigned level, uint64_t index, unsigned width)
{
	struct published_tile t;

	assert_true(published_tile_parse(view_of_string(path), &t));
	assert_int_equal(t.entries, entries);
	assert_int_equal(t.level, level);
	assert_int_equal(t.index, index);
	assert_int_equal(t.width, width);
}

static void
test_taken(void **state)
{
	(void)state;
	expect("/0/000", false, 0, 0, 256);
	expect("/7/255.p/1", false, 7, 255, 1);
	expect("/0/x001/x234/067", false, 0, 1234067, 256);
	expect("/entries/x001/000.p/255", true, 0, 1000, 255);
}

static void
test_refused(void **state)
{
	static const char *const paths[] = {"", "/", "/0", "/0/", "/0/0", "/0/00", "/0/0000",
	    "/8/000", "/00/000", "/-1/000", "/entries", "/entries/", "/data/000", "/0/x000/000",
	    "/0/001/000", "/0/x001", "/0/x001/x000", "/0/000/", "//0/000", "/0//000", "/0/000.p",
	    "/0/000.p/", "/0/000.p/0", "/0/000.p/256", "/0/000.p/01", "/0/000.p/1/",
	    "/0/000.p/1.p/1", "/0/../0/000", "/0/%30%30%30", "/0/00a", "/entries/000.p/-1",
	    "/0/x999/x999/x999/x999/x999/x999/x999/999"};
	struct published_tile t;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (published_tile_parse(view_of_string(paths[i]), &t))
			fail_msg("%s was taken", paths[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_taken), cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
