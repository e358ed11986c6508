/* Parts of an argument that may be paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "collector/scripts/named_paths.h"

static enum err
note(void *context, struct view path)
{
	buf_append_view(context, path);
	buf_append_byte(context, '|');
	return buf_status(context);
}

static void
expect(const char *argument, const char *paths)
{
	struct buf found = BUF_INIT;

	assert_int_equal(named_paths_each(view_of_string(argument), note, &found), ERR_OK);
	buf_append_byte(&found, '\0');
	assert_string_equal((const char *)found.data, paths);
	buf_free(&found);
}

static void
test_what_interpreters_take(void **state)
{
	(void)state;
	expect("app.py", "app.py|");
	expect("/srv/a b/app.py", "/srv/a b/app.py|");
	expect("-r./x.js", "-r./x.js|./x.js|");
	expect("--require=./x.js", "--require|--require=./x.js|require|require=./x.js|./x.js|");
	expect("a.jar:b.jar", "a.jar|a.jar:b.jar|b.jar|");
	expect("@args", "@args|args|");
}

static void
test_names_with_what_divides_are_paths_too(void **state)
{
	(void)state;
	expect("a=b:c", "a|a=b:c|b|b:c|c|");
	expect("=", "=|");
	expect("", "");
	expect("-", "-|");
}

static void
test_what_is_too_long_is_none(void **state)
{
	char argument[PATH_MAX + 3];
	struct buf found = BUF_INIT;

	(void)state;
	memset(argument, 'a', PATH_MAX);
	memcpy(argument + PATH_MAX, ":b", 3);
	assert_int_equal(named_paths_each(view_of_string(argument), note, &found), ERR_OK);
	assert_int_equal(found.size, 2);
	assert_memory_equal(found.data, "b|", 2);
	buf_free(&found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_interpreters_take),
	    cmocka_unit_test(test_names_with_what_divides_are_paths_too),
	    cmocka_unit_test(test_what_is_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
