/* Patterns of files: what is refused, and what a part matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/files/pattern.h"

static void
expect_refused(const char *text, const char *words)
{
	struct trouble t = TROUBLE_INIT;
	struct pattern p;

	assert_int_equal(pattern_parse(text, &p, &t), ERR_FORMAT);
	if (strstr(t.text, words) == NULL)
		fail_msg("%s: expected \"%s\" in \"%s\"", text, words, t.text);
	assert_non_null(strstr(t.text, text));
	assert_null(p.storage);
}

static void
refuses_what_it_cannot_keep(void **state)
{
	char deep[2 * (PATTERN_PARTS_MAX + 1) + 1];

	(void)state;
	expect_refused("", "absolute path");
	expect_refused("etc/app", "absolute path");
	expect_refused("/", "only slashes");
	expect_refused("///", "only slashes");
	expect_refused("/etc/./app", "'..'");
	expect_refused("/etc/../app", "'..'");
	expect_refused("/etc/\\../app", "'..'");
	expect_refused("/etc/..", "'..'");
	for (size_t i = 0; i <= PATTERN_PARTS_MAX; i++)
		memcpy(deep + 2 * i, "/x", 3);
	expect_refused(deep, "more than 64");
}

/* Two stars that do not stand alone would match no more than one does. */
static void
two_stars_stand_alone_at_the_end(void **state)
{
	struct trouble t = TROUBLE_INIT;
	struct pattern p;

	(void)state;
	expect_refused("/opt/**/lib", "'**'");
	expect_refused("/opt/**.so", "'**'");
	expect_refused("/opt/lib**", "'**'");
	expect_refused("/opt/a**/b", "'**'");
	expect_refused("/opt/***", "'**'");
	expect_refused("/opt/\\\\**", "'**'");
	assert_int_equal(pattern_parse("/opt/**", &p, &t), ERR_OK);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.part[1].type, PATTERN_ALL_BELOW);
	pattern_free(&p);
	assert_int_equal(pattern_parse("/opt/\\**", &p, &t), ERR_OK);
	assert_true(pattern_part_matches(&p.part[1], "*x"));
	assert_false(pattern_part_matches(&p.part[1], "x"));
	pattern_free(&p);
}

static void
expect_match(const char *text, const char *name, bool matches)
{
	struct trouble t = TROUBLE_INIT;
	struct pattern p;

	assert_int_equal(pattern_parse(text, &p, &t), ERR_OK);
	assert_int_equal(p.count, 1);
	if (pattern_part_matches(&p.part[0], name) != matches)
		fail_msg("%s and %s", text, name);
	pattern_free(&p);
}

static void
matches_one_name(void **state)
{
	(void)state;
	expect_match("/app.conf", "app.conf", true);
	expect_match("//app.conf/", "app.conf", true);
	expect_match("/app.conf", "appxconf", false);
	expect_match("/*.conf", "app.conf", true);
	expect_match("/*.conf", ".conf", false);
	expect_match("/.*", ".conf", true);
	expect_match("/\\.hidden", ".hidden", true);
	expect_match("/[a-c]?", "b7", true);
	expect_match("/[a-c]?", "d7", false);
	expect_match("/[!a-c]?", "d7", true);
	expect_match("/[ab", "[ab", true);
	expect_match("/\\*", "*", true);
	expect_match("/\\*", "x", false);
	expect_match("/a\\b", "ab", true);
	expect_match("/x\\", "x\\", true);
	expect_match("/*", "line\nfeed", true);
	expect_match("/?", "\xff", true);
}

static void
whole_paths_are_matched(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
	    {"/a/b", "/a/b", true},
	    {"//a//b/", "/a/b", true},
	    {"/a/b", "/a/b/c", false},
	    {"/a/b", "/a", false},
	    {"/a/b", "/a/bb", false},
	    {"/a/*.c", "/a/x.c", true},
	    {"/a/*.c", "/a/.c", false},
	    {"/a/*.c", "/a/x/y.c", false},
	    {"/a/*", "/a/.b", false},
	    {"/a/**", "/a/.b", true},
	    {"/a/**", "/a/b/c", true},
	    {"/a/**", "/a", false},
	    {"/a/\\*", "/a/*", true},
	    {"/a/\\*", "/a/b", false},
	};
	struct trouble t = TROUBLE_INIT;
	struct pattern p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pattern_parse(cases[i].pattern, &p, &t), ERR_OK);
		assert_int_equal(pattern_matches(&p, cases[i].path), cases[i].matches);
		pattern_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_what_it_cannot_keep),
	    cmocka_unit_test(two_stars_stand_alone_at_the_end),
	    cmocka_unit_test(matches_one_name),
	    cmocka_unit_test(whole_paths_are_matched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
