/* Printable text, log escaping, JSON strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/text.h"

#define V(s) VIEW_LITERAL(s)

static void
expect_printable(struct view raw, size_t size_max, const char *expected)
{
	struct buf out = BUF_INIT;

	text_append_printable(&out, raw, size_max);
	buf_append_byte(&out, 0);
	assert_int_equal(buf_status(&out), ERR_OK);
	assert_string_equal((const char *)out.data, expected);
	buf_free(&out);
}

static void
expect_json(struct view raw, const char *expected)
{
	struct buf out = BUF_INIT;

	json_append_string(&out, raw);
	buf_append_byte(&out, 0);
	assert_int_equal(buf_status(&out), ERR_OK);
	assert_string_equal((const char *)out.data, expected);
	buf_free(&out);
}

static void
utf8_is_accepted_to_its_limits(void **state)
{
	(void)state;
	assert_true(text_is_utf8(V("")));
	assert_true(text_is_utf8(V("\x7f")));
	assert_true(text_is_utf8(V("\xc2\x80")));
	assert_true(text_is_utf8(V("\xe0\xa0\x80")));
	assert_true(text_is_utf8(V("\xed\x9f\xbf\xee\x80\x80")));
	assert_true(text_is_utf8(V("\xf0\x90\x80\x80")));
	assert_true(text_is_utf8(V("\xf4\x8f\xbf\xbf")));
}

static void
utf8_ill_formed_is_refused(void **state)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2",
	    "\xc2\x41", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82\x41", "\xed\xa0\x80",
	    "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "ok\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_utf8(view_of_string(bad[i])));
}

static void
next_takes_one_character_and_stops(void **state)
{
	struct view rest = V("a\xe2\x82\xac\xff");
	uint32_t c;

	(void)state;
	assert_true(text_next(&rest, &c));
	assert_int_equal(c, 'a');
	assert_true(text_next(&rest, &c));
	assert_int_equal(c, 0x20ac);
	assert_false(text_next(&rest, &c));
	assert_int_equal(rest.size, 1);
	rest = (struct view){NULL, 0};
	assert_false(text_next(&rest, &c));
}

static void
printable_refuses_what_hides_or_reorders(void **state)
{
	static const char *const bad[] = {"\n", "\x1b[31m", "\x7f", "\xc2\x85", "\xc2\xad",
	    "\xe2\x80\x8b", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae",
	    "\xe2\x81\xa6", "\xef\xbb\xbf", "\xef\xbf\xbf", "\xf3\xa0\x80\x81", "a\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_printable(view_of_string(bad[i]), true));
	assert_false(text_is_printable(V("a\0b"), true));
	assert_true(text_is_printable(V("caf\xc3\xa9 \xe6\x97\xa5"), true));
}

static size_t
put_character(uint32_t c, uint8_t to[4])
{
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	const size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = size; i-- > 1; c >>= 6)
		to[i] = (uint8_t)(0x80 | (c & 0x3f));
	to[0] = (uint8_t)(size == 1 ? c : lead[size] | c);
	return size;
}

/* The ranges of Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt, 15.0. */
static bool
is_default_ignorable(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 ||
	       (c >= 0x17b4 && c <= 0x17b5) || (c >= 0x180b && c <= 0x180d) || c == 0x180e ||
	       c == 0x180f || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2064) || c == 0x2065 || (c >= 0x2066 && c <= 0x206f) ||
	       c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || c == 0xffa0 ||
	       (c >= 0xfff0 && c <= 0xfff8) || (c >= 0x1bca0 && c <= 0x1bca3) ||
	       (c >= 0x1d173 && c <= 0x1d17a) || (c >= 0xe0000 && c <= 0xe0fff);
}

static bool
is_hidden_otherwise(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0x2800 ||
	       (c >= 0xfff9 && c <= 0xfffb) || c == 0xfffe || c == 0xffff;
}

static void
no_character_that_is_printable_is_invisible(void **state)
{
	uint8_t bytes[4];
	size_t hidden = 0;

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		const size_t size = put_character(c, bytes);
		const bool printable = text_is_printable((struct view){bytes, size}, true);

		if (c >= 0xd800 && c <= 0xdfff)
			assert_false(printable);
		else if (printable == (is_default_ignorable(c) || is_hidden_otherwise(c)))
			fail_msg("U+%04X is %sprintable", c, printable ? "" : "not ");
		hidden += printable ? 0 : 1;
	}
	assert_true(hidden > 4096);
	expect_printable(V("a\xe3\x85\xa4"), 100, "a\\xe3\\x85\\xa4");
}

static void
printable_without_spaces(void **state)
{
	(void)state;
	assert_true(text_is_printable(V("a b"), true));
	assert_false(text_is_printable(V("a b"), false));
	assert_false(text_is_printable(V("a\xc2\xa0"), false));
	assert_false(text_is_printable(V("\xe3\x80\x80"), false));
	assert_true(text_is_printable(V("a\\b\"c"), false));
}

static void
escaping_leaves_plain_text(void **state)
{
	(void)state;
	expect_printable(V(""), 10, "");
	expect_printable(V("/usr/bin/caf\xc3\xa9 x"), 100, "/usr/bin/caf\xc3\xa9 x");
}

static void
escaping_shows_each_bad_byte(void **state)
{
	(void)state;
	expect_printable(V("a\nb"), 100, "a\\x0ab");
	expect_printable(V("a\\b"), 100, "a\\x5cb");
	expect_printable(V("\0"), 100, "\\x00");
	expect_printable(V("\xff\xc3"), 100, "\\xff\\xc3");
	expect_printable(V("\xc2\x9bx"), 100, "\\xc2\\x9bx");
	expect_printable(V("\xe2\x80\xae"), 100, "\\xe2\\x80\\xae");
	expect_printable(V("\xe2\x82"), 100, "\\xe2\\x82");
	expect_printable(V("\xf3\xa0\x80\x81"), 100, "\\xf3\\xa0\\x80\\x81");
}

static void
escaping_cuts_at_whole_units(void **state)
{
	(void)state;
	expect_printable(V("abcdef"), 6, "abcdef");
	expect_printable(V("abcdefg"), 6, "abc...");
	expect_printable(V("ab\nx"), 6, "ab...");
	expect_printable(V("\n\n"), 7, "\\x0a...");
	expect_printable(V("\n\n"), 6, "...");
	expect_printable(V("a\xe2\x82\xac\xe2\x82\xac"), 6, "a...");
	expect_printable(V("abcdef"), 2, "..");
	expect_printable(V("abcdef"), 0, "");
}

static void
escaping_appends_behind_what_is_there(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	buf_append_string(&out, "0123456789");
	text_append_printable(&out, V("abcdefgh"), 5);
	assert_true(view_equal(buf_view(&out), V("0123456789ab...")));
	buf_free(&out);
}

static void
json_escapes_only_what_it_must(void **state)
{
	(void)state;
	expect_json(V(""), "\"\"");
	expect_json(V("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
	expect_json(V("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	expect_json(V("\0\x0b\x1f"), "\"\\u0000\\u000b\\u001f\"");
	expect_json(V("\x7f\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\x7f\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void
json_is_valid_whatever_comes(void **state)
{
	(void)state;
	expect_json(V("a\xff"), "\"a\xef\xbf\xbd\"");
	expect_json(V("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(utf8_is_accepted_to_its_limits),
	    cmocka_unit_test(utf8_ill_formed_is_refused),
	    cmocka_unit_test(next_takes_one_character_and_stops),
	    cmocka_unit_test(printable_refuses_what_hides_or_reorders),
	    cmocka_unit_test(no_character_that_is_printable_is_invisible),
	    cmocka_unit_test(printable_without_spaces),
	    cmocka_unit_test(escaping_leaves_plain_text),
	    cmocka_unit_test(escaping_shows_each_bad_byte),
	    cmocka_unit_test(escaping_cuts_at_whole_units),
	    cmocka_unit_test(escaping_appends_behind_what_is_there),
	    cmocka_unit_test(json_escapes_only_what_it_must),
	    cmocka_unit_test(json_is_valid_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
