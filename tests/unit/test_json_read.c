/* Reading the one spelling of JSON, piece by piece; and that no other is taken. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/json/json_read.h"
#include "proto/json/json_write.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One value alone in a document, at the end of memory: a read beyond it is seen by a sanitizer. */
struct document {
	struct json_reader r;
	struct buf strings;
	uint8_t *bytes;
};

static void
open_document(struct document *d, struct view text)
{
	d->strings = BUF_INIT;
	d->bytes = malloc(text.size);
	assert_true(d->bytes != NULL || text.size == 0);
	if (text.size > 0)
		memcpy(d->bytes, text.data, text.size);
	json_read_begin(&d->r, (struct view){d->bytes, text.size}, &d->strings);
}

static enum err
close_document(struct document *d, bool went_well)
{
	enum err e = json_read_end(&d->r, went_well);

	buf_free(&d->strings);
	free(d->bytes);
	return e;
}

static enum err
read_string(struct view text, struct view expected)
{
	struct document d;
	struct view found;
	bool good;

	open_document(&d, text);
	good = json_read_string(&d.r, &found);
	if (good)
		assert_true(view_equal(found, expected));
	return close_document(&d, good);
}

static void
strings_are_read_with_both_escapes(void **state)
{
	(void)state;
	assert_int_equal(read_string(V("\"\""), V("")), ERR_OK);
	assert_int_equal(read_string(V("\"a b\""), V("a b")), ERR_OK);
	assert_int_equal(read_string(V("\"\\\"\""), V("\"")), ERR_OK);
	assert_int_equal(read_string(V("\"\\\\\""), V("\\")), ERR_OK);
	assert_int_equal(read_string(V("\"a\\\\\\\"b\""), V("a\\\"b")), ERR_OK);
	assert_int_equal(
	    read_string(V("\"\xe2\x82\xac \\\\xff\""), V("\xe2\x82\xac \\xff")), ERR_OK);
}

static void
other_strings_are_refused(void **state)
{
	static const char *const bad[] = {"", "\"", "\"a", "a\"", "\"\\\"", "\"a\\", "\"a\\\\\\\"",
	    "\"\\/\"", "\"\\n\"", "\"\\u0041\"", "\"\\b\"", "\"\\'\"", "\"\n\"", "\"\t\"",
	    "\"\x7f\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xe2\x80\xae\"", "\"\xed\xa0\x80\"", "'a'",
	    "null", "1", "\"a\"\"", "\"a\" ", " \"a\"", "\"\\\\\\q\""};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_string(view_of_string(bad[i]), V("a")), ERR_FORMAT);
	assert_int_equal(read_string(V("\"a\0b\""), V("a")), ERR_FORMAT);
}

/* The buffer for them is not moved by those that follow. */
static void
strings_with_escapes_stay_where_they_are(void **state)
{
	struct buf text = BUF_INIT;
	struct view found[300];
	struct document d;

	(void)state;
	for (size_t i = 0; i < COUNT(found); i++)
		buf_append_string(&text, "\"\\\"quoted\\\"\"");
	open_document(&d, buf_view(&text));
	for (size_t i = 0; i < COUNT(found); i++)
		assert_true(json_read_string(&d.r, &found[i]));
	for (size_t i = 0; i < COUNT(found); i++)
		assert_true(view_equal(found[i], V("\"quoted\"")));
	assert_int_equal(close_document(&d, true), ERR_OK);
	buf_free(&text);
}

static enum err
read_number(const char *text, uint64_t expected)
{
	struct document d;
	uint64_t found;
	enum err e;

	open_document(&d, view_of_string(text));
	e = close_document(&d, json_read_number(&d.r, &found));
	if (e == ERR_OK)
		assert_int_equal(found, expected);
	return e;
}

static void
numbers_have_one_spelling(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", "00", "01", "1.0", "1e3", "1E3", " 1",
	    "1 ", "0x1", "9007199254740992", "90071992547409910", "18446744073709551616",
	    "100000000000000000000000000001", "true", "\"1\"", "a"};

	(void)state;
	assert_int_equal(read_number("0", 0), ERR_OK);
	assert_int_equal(read_number("10", 10), ERR_OK);
	assert_int_equal(read_number("1795514401", 1795514401), ERR_OK);
	assert_int_equal(read_number("9007199254740991", JSON_NUMBER_MAX), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_number(bad[i], 1), ERR_FORMAT);
}

static enum err
read_word(const char *text)
{
	struct document d;
	struct view found;

	open_document(&d, view_of_string(text));
	return close_document(&d, json_read_word(&d.r, 4, &found));
}

static void
words_are_lower_case_digits_and_hyphens(void **state)
{
	static const char *const bad[] = {"\"\"", "\"abcde\"", "\"A\"", "\"a_b\"", "\"a b\"",
	    "\"a.b\"", "\"\\\"\"", "\"\xc3\xa4\"", "\"a", "a\"", "\"", "", "1"};

	(void)state;
	assert_int_equal(read_word("\"a\""), ERR_OK);
	assert_int_equal(read_word("\"z-09\""), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_word(bad[i]), ERR_FORMAT);
}

static enum err
read_hex(const char *text)
{
	static const uint8_t expected[5] = {0x00, 0x1f, 0xa9, 0xff, 0x80};
	uint8_t found[5];
	struct document d;
	bool good;

	open_document(&d, view_of_string(text));
	good = json_read_hex(&d.r, found, sizeof(found));
	if (good)
		assert_memory_equal(found, expected, sizeof(expected));
	return close_document(&d, good);
}

static void
hex_has_its_size_and_lower_case(void **state)
{
	static const char *const bad[] = {"", "\"", "\"\"", "\"001fa9ff8\"", "\"001fa9ff800\"",
	    "\"001fa9ff8000\"", "\"001FA9ff80\"", "\"001fa9ff8g\"", "\"00 fa9ff80\"",
	    "\"001fa9ff80", "001fa9ff80\"",
	    "\"001fa9f\xc6"
	    "80\"",
	    "\"001fa9ff8:\"", "\"001fa9ff8/\"", "\"001fa9ff8`\"", "\"001f`9ff80\"",
	    "\"001f:9ff80\""};

	(void)state;
	assert_int_equal(read_hex("\"001fa9ff80\""), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_hex(bad[i]), ERR_FORMAT);
}

static enum err
read_base64url(const char *text)
{
	uint8_t found[5];
	struct document d;
	size_t size;
	bool good;

	open_document(&d, view_of_string(text));
	good = json_read_base64url(&d.r, found, sizeof(found), &size);
	if (good)
		assert_in_range(size, 1, sizeof(found));
	return close_document(&d, good);
}

static void
base64url_has_one_spelling_and_room(void **state)
{
	static const char *const bad[] = {"", "\"", "\"\"", "\"A\"", "\"AB\"", "\"AAB\"",
	    "\"AA==\"", "\"AA=\"", "\"+AAA\"", "\"/AAA\"", "\"AAAAAAAA\"", "\"AA AA\"", "\"AAAA",
	    "\"AAA\\\"", "\"AA\n\""};

	(void)state;
	assert_int_equal(read_base64url("\"AA\""), ERR_OK);
	assert_int_equal(read_base64url("\"AAA\""), ERR_OK);
	assert_int_equal(read_base64url("\"-_AAAAA\""), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_base64url(bad[i]), ERR_FORMAT);
}

static void
raw_bytes_are_taken_whole_or_not_at_all(void **state)
{
	struct document d;

	(void)state;
	open_document(&d, V("{\"a\":1"));
	assert_false(json_read_sees(&d.r, "{\"a\":12"));
	assert_false(json_read_text(&d.r, "{\"b\":"));
	assert_true(json_read_sees(&d.r, "{\"a\""));
	assert_true(json_read_text(&d.r, "{\"a\":"));
	assert_true(json_read_raw(&d.r, V("")));
	assert_false(json_read_raw(&d.r, V("1}")));
	assert_int_equal(json_read_end(&d.r, true), ERR_FORMAT);
	assert_true(json_read_raw(&d.r, V("1")));
	assert_int_equal(json_read_end(&d.r, false), ERR_FORMAT);
	assert_int_equal(close_document(&d, true), ERR_OK);
}

/* Every value that can be written is read again, and took the room that was said. */
static void
what_is_written_is_read(void **state)
{
	static const uint8_t bytes[] = {0xfb, 0x00, 0x7f, 0x80};
	struct buf text = BUF_INIT, strings = BUF_INIT;
	const struct view said = V("\"\\\"\xe2\x82\xac");
	struct view string;
	struct digest digest, found;
	uint8_t got[4];
	uint64_t number;
	size_t size;
	struct json_writer w;
	struct json_reader r;

	(void)state;
	digest_of("x", 1, &digest);
	buf_append_string(&text, "before");
	assert_int_equal(json_write_begin(&w, &text, 200), ERR_OK);
	json_write_text(&w, "[");
	json_write_string(&w, said);
	json_write_number(&w, JSON_NUMBER_MAX);
	json_write_hex(&w, (struct view){bytes, 4});
	json_write_digest(&w, &digest);
	json_write_base64url(&w, (struct view){bytes, 4});
	json_write_raw(&w, V(""));
	json_write_raw(&w, V("]"));
	size = json_write_end(&w);
	assert_int_equal(text.size, size + 6);
	json_read_begin(&r, (struct view){text.data + 6, size}, &strings);
	assert_true(json_read_text(&r, "[") && json_read_string(&r, &string) &&
		    json_read_number(&r, &number) && json_read_hex(&r, got, 4) &&
		    json_read_digest(&r, &found));
	assert_true(view_equal(string, said));
	assert_int_equal(number, JSON_NUMBER_MAX);
	assert_memory_equal(got, bytes, 4);
	assert_true(digest_equal(&digest, &found));
	assert_true(json_read_base64url(&r, got, 4, &size) && size == 4);
	assert_memory_equal(got, bytes, 4);
	assert_int_equal(json_read_end(&r, json_read_text(&r, "]")), ERR_OK);
	buf_free(&text);
	buf_free(&strings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_are_read_with_both_escapes),
	    cmocka_unit_test(other_strings_are_refused),
	    cmocka_unit_test(strings_with_escapes_stay_where_they_are),
	    cmocka_unit_test(numbers_have_one_spelling),
	    cmocka_unit_test(words_are_lower_case_digits_and_hyphens),
	    cmocka_unit_test(hex_has_its_size_and_lower_case),
	    cmocka_unit_test(base64url_has_one_spelling_and_room),
	    cmocka_unit_test(raw_bytes_are_taken_whole_or_not_at_all),
	    cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
