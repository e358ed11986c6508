/* Patterns of the policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/glob.h"

static bool
text(const char *pattern, const char *s)
{
	return glob_match(view_of_string(pattern), view_of_string(s), GLOB_TEXT);
}

static bool
identity(const char *pattern, const char *s)
{
	return glob_match(view_of_string(pattern), view_of_string(s), GLOB_IDENTITY);
}

static void
test_plain(void **state)
{
	(void)state;
	assert_true(text("abc", "abc"));
	assert_true(text("", ""));
	assert_false(text("abc", "ab"));
	assert_false(text("abc", "abcd"));
	assert_false(text("abc", "ABC"));
	assert_false(text("", "a"));
	assert_false(text("a", ""));
}

static void
test_star(void **state)
{
	(void)state;
	assert_true(text("*", ""));
	assert_true(text("*", "anything/at\nall"));
	assert_true(text("a*", "a"));
	assert_true(text("*a", "bca"));
	assert_true(text("a*b*c", "aXbYbZc"));
	assert_true(text("**a**", "bab"));
	assert_true(text("*aab", "aaaab"));
	assert_false(text("a*b", "abc"));
	assert_false(text("a*b*c", "acb"));
	assert_false(text("*a*", "bcd"));
}

/* What has a colon is a URI, whose letters count. */
static void
test_dns_names_have_no_case(void **state)
{
	(void)state;
	assert_true(identity("host1.Bank.EXAMPLE", "host1.bank.example"));
	assert_true(identity("*.BANK.example", "host1.bank.example"));
	assert_true(identity("host1.bank.example", "HOST1.bank.example"));
	assert_false(identity("host[.example", "host{.example"));
	assert_false(identity("spiffe://bank.example/Host", "spiffe://bank.example/host"));
	assert_false(identity("SPIFFE:*", "spiffe:x"));
	assert_true(identity("*X", "x"));
	assert_false(text("*X", "x"));
	assert_true(identity("", ""));
}

static void
test_question_mark(void **state)
{
	(void)state;
	assert_true(text("a?c", "abc"));
	assert_true(text("?*?", "ab"));
	assert_false(text("?", ""));
	assert_false(text("?", "ab"));
	assert_false(text("?*?", "a"));
}

static void
test_escapes(void **state)
{
	(void)state;
	assert_true(text("\\*", "*"));
	assert_false(text("\\*", "a"));
	assert_true(text("a\\?*", "a?bc"));
	assert_true(text("\\\\", "\\"));
	assert_true(text("*\\*", "ab*"));
	assert_false(text("*\\*", "abc"));
}

static void
test_bytes(void **state)
{
	const struct view value = {(const uint8_t *)"a\0\xff", 3};

	(void)state;
	assert_true(glob_match(VIEW_LITERAL("a*"), value, GLOB_TEXT));
	assert_true(glob_match(VIEW_LITERAL("a??"), value, GLOB_TEXT));
	assert_false(glob_match(VIEW_LITERAL("a"), value, GLOB_TEXT));
}

static void
test_identity_stops_at_slash(void **state)
{
	(void)state;
	assert_true(identity("spiffe://bank.example/host/*", "spiffe://bank.example/host/h7.x"));
	assert_true(identity("spiffe://bank.example/host/*", "spiffe://bank.example/host/"));
	assert_false(identity("spiffe://bank.example/host/*", "spiffe://bank.example/host/a/b"));
	assert_false(identity("spiffe://bank.example/*", "spiffe://bank.example/host/a"));
	assert_true(identity("spiffe://bank.example/*/*", "spiffe://bank.example/host/a"));
	assert_false(identity("*", "spiffe://bank.example"));
	assert_false(identity("spiffe:??bank.example", "spiffe://bank.example"));
	assert_true(identity("*.bank.example", "a.b.bank.example"));
	assert_false(identity("*.bank.example", "bank.example"));
	assert_false(identity("*.bank.example", "evil/.bank.example"));
	assert_false(identity("*.bank.example", "a.bank.example.evil.org"));
}

/* The plain definition, tried every way. */
static bool
slow(const char *p, const char *s, bool stop)
{
	if (*p == 0)
		return *s == 0;
	if (*p == '*')
		return slow(p + 1, s, stop) ||
		       (*s != 0 && !(stop && *s == '/') && slow(p, s + 1, stop));
	if (*p == '?')
		return *s != 0 && !(stop && *s == '/') && slow(p + 1, s + 1, stop);
	return *p == *s && slow(p + 1, s + 1, stop);
}

/* All patterns and texts of up to five characters out of a few. */
static void
test_agrees_with_the_plain_definition(void **state)
{
	static const char pattern_letters[] = "a/*?", text_letters[] = "ab/";
	char pattern[6], s[6];

	(void)state;
	for (unsigned i = 0; i < 4 * 4 * 4 * 4 * 4; i++) {
		for (unsigned j = 0, n = i; j < 5; j++, n /= 4)
			pattern[j] = pattern_letters[n % 4];
		for (unsigned k = 0; k < 3 * 3 * 3 * 3 * 3; k++) {
			for (unsigned j = 0, n = k; j < 5; j++, n /= 3)
				s[j] = text_letters[n % 3];
			for (unsigned p = 0; p <= 5; p++) {
				pattern[5] = s[5] = 0;
				assert_int_equal(text(pattern + p, s + k % 6),
				    slow(pattern + p, s + k % 6, false));
				assert_int_equal(identity(pattern + p, s + k % 6),
				    slow(pattern + p, s + k % 6, true));
			}
		}
	}
}

static void
test_check(void **state)
{
	(void)state;
	assert_int_equal(glob_check(VIEW_LITERAL("")), ERR_OK);
	assert_int_equal(glob_check(VIEW_LITERAL("a*?\\*\\?\\\\")), ERR_OK);
	assert_int_equal(glob_check(VIEW_LITERAL("a\\")), ERR_FORMAT);
	assert_int_equal(glob_check(VIEW_LITERAL("\\n")), ERR_FORMAT);
	assert_int_equal(glob_check(VIEW_LITERAL("\\\\\\")), ERR_FORMAT);
}

static void
test_many_stars_end(void **state)
{
	char pattern[257], *s = malloc(65537);

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < 256; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[255] = 'b';
	pattern[256] = 0;
	memset(s, 'a', 65536);
	s[65536] = 0;
	assert_false(text(pattern, s));
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_star),
	    cmocka_unit_test(test_dns_names_have_no_case),
	    cmocka_unit_test(test_question_mark),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_identity_stops_at_slash),
	    cmocka_unit_test(test_agrees_with_the_plain_definition),
	    cmocka_unit_test(test_check),
	    cmocka_unit_test(test_many_stars_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
