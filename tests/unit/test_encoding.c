/* Text encodings: the vectors of RFC 4648, and that every other spelling is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/encoding.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef enum err decode(struct view text, struct buf *to);

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
expect_decoded(decode *d, struct view text, struct view bytes)
{
	struct buf out = BUF_INIT;

	assert_int_equal(d(text, &out), ERR_OK);
	assert_true(view_equal(buf_view(&out), bytes));
	buf_free(&out);
}

/* And what stood in the buffer is left alone. */
static void
expect_refused(decode *d, struct view text, enum err expected)
{
	struct buf out = BUF_INIT;

	buf_append_string(&out, "kept");
	assert_int_equal(d(text, &out), expected);
	assert_int_equal(buf_status(&out), ERR_OK);
	assert_true(view_equal(buf_view(&out), V("kept")));
	buf_free(&out);
}

static void
base64_has_the_vectors_of_the_standard(void **state)
{
	/* RFC 4648, section 10. */
	static const char *const vector[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(vector); i++) {
		buf_clear(&out);
		base64_append(&out, view_of_string(vector[i][0]));
		assert_true(view_equal(buf_view(&out), view_of_string(vector[i][1])));
		expect_decoded(
		    base64_decode, view_of_string(vector[i][1]), view_of_string(vector[i][0]));
	}
	buf_free(&out);
}

static void
all_bytes_go_there_and_back_in_all_lengths(void **state)
{
	struct buf text = BUF_INIT;
	uint8_t bytes[300], back[300];
	size_t found;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		const struct view v = {bytes, size};

		buf_clear(&text);
		base64_append(&text, v);
		expect_decoded(base64_decode, buf_view(&text), v);
		buf_clear(&text);
		base64url_append(&text, v);
		assert_null(text.size == 0 ? NULL : memchr(text.data, '=', text.size));
		expect_decoded(base64url_decode, buf_view(&text), v);
		assert_int_equal(
		    base64url_decode_into(buf_view(&text), back, size, &found), ERR_OK);
		assert_int_equal(found, size);
		assert_memory_equal(back, bytes, size);
		if (size > 0)
			assert_int_equal(
			    base64url_decode_into(buf_view(&text), back, size - 1, &found),
			    ERR_FORMAT_BASE64);
		buf_clear(&text);
		hex_append(&text, v);
		assert_int_equal(text.size, 2 * size);
		expect_decoded(hex_decode, buf_view(&text), v);
		assert_int_equal(hex_decode_exact(buf_view(&text), back, size), ERR_OK);
		assert_memory_equal(back, bytes, size);
		assert_int_equal(hex_decode_exact(buf_view(&text), back, size + 1), ERR_FORMAT);
	}
	buf_free(&text);
}

static void
base64_alphabets_differ_in_two_digits(void **state)
{
	(void)state;
	expect_decoded(base64_decode, V("+/+/"), V("\xfb\xff\xbf"));
	expect_decoded(base64url_decode, V("-_-_"), V("\xfb\xff\xbf"));
	expect_refused(base64_decode, V("-_-_"), ERR_FORMAT_BASE64);
	expect_refused(base64url_decode, V("+/+/"), ERR_FORMAT_BASE64);
}

static void
base64_other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zg====", "Zm8",
	    "Zm8==", "Zm9v=", "Zm9v==", "Zm9v====", "=",
	    "==", "===", "====", "=Zg=", "Z=g=", "Zg==Zg==", "Zm9vZg=", " Zm9v", "Zm9v ", "Zm9v\n",
	    "Zm\n9v", "Zm9v\r\n\r\n", "Zm9%", "Zm9\xc3", "Z\xe2\x82\xac", "Zm9.", "Z===", "A===="};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_refused(base64_decode, view_of_string(bad[i]), ERR_FORMAT_BASE64);
	expect_refused(base64_decode, V("Zm\0v"), ERR_FORMAT_BASE64);
}

/* Of the 64 last digits that "Z?==" could have, only the four without trailing bits are right. */
static void
base64_trailing_bits_must_be_zero(void **state)
{
	struct buf out = BUF_INIT;
	char two[] = "Z?==", one[] = "Zm?=";
	unsigned good_two = 0, good_one = 0;

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		two[1] = base64_alphabet[i];
		one[2] = base64_alphabet[i];
		good_two += base64_decode(view_of_string(two), &out) == ERR_OK;
		good_one += base64_decode(view_of_string(one), &out) == ERR_OK;
	}
	assert_int_equal(good_two, 4);
	assert_int_equal(good_one, 16);
	buf_free(&out);
	expect_refused(base64url_decode, V("Zh"), ERR_FORMAT_BASE64);
	expect_refused(base64url_decode, V("Zm9"), ERR_FORMAT_BASE64);
}

static void
base64url_refuses_padding_and_single_digits(void **state)
{
	(void)state;
	expect_decoded(base64url_decode, V(""), V(""));
	expect_decoded(base64url_decode, V("Zg"), V("f"));
	expect_refused(base64url_decode, V("Zg=="), ERR_FORMAT_BASE64);
	expect_refused(base64url_decode, V("Z"), ERR_FORMAT_BASE64);
	expect_refused(base64url_decode, V("Zm9vY"), ERR_FORMAT_BASE64);
}

static void
base64_of_a_fixed_size_has_that_size(void **state)
{
	uint8_t out[4] = {9, 9, 9, 9};

	(void)state;
	assert_int_equal(base64_decode_exact(V("Zm9v"), out, 3), ERR_OK);
	assert_memory_equal(out, "foo\11", 4);
	assert_int_equal(base64_decode_exact(V("Zm8="), out, 3), ERR_FORMAT_BASE64);
	assert_int_equal(base64_decode_exact(V("Zm9vYg=="), out, 3), ERR_FORMAT_BASE64);
	assert_int_equal(base64_decode_exact(V(""), out, 3), ERR_FORMAT_BASE64);
	assert_int_equal(base64_decode_exact(V("Zm9"), out, 3), ERR_FORMAT_BASE64);
	assert_memory_equal(out, "foo\11", 4);
	assert_int_equal(base64_decode_exact(V(""), NULL, 0), ERR_OK);
}

/* Eight digits are read at once: none may vouch for its neighbour. */
static void
every_byte_in_every_place_is_a_digit_or_refused(void **state)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t text[8], out[6];
	size_t size;

	(void)state;
	for (unsigned at = 0; at < 8; at++) {
		for (unsigned c = 0; c < 256; c++) {
			const char *digit = memchr(hex, (int)c, 16);
			const uint8_t *letter = memchr(base64_alphabet, (int)c, 62);
			const bool good64 = letter != NULL || c == '-' || c == '_';

			memset(text, '0', sizeof(text));
			text[at] = (uint8_t)c;
			assert_int_equal(hex_decode_exact((struct view){text, 8}, out, 4),
			    digit != NULL ? ERR_OK : ERR_FORMAT);
			if (digit != NULL)
				assert_int_equal(
				    out[at / 2], (digit - hex) << (at % 2 == 0 ? 4 : 0));
			assert_int_equal(
			    base64url_decode_into((struct view){text, 8}, out, 6, &size),
			    good64 ? ERR_OK : ERR_FORMAT_BASE64);
		}
	}
}

static void
hex_is_lower_case_and_whole(void **state)
{
	static const char *const bad[] = {
	    "0", "000", "0G", "0g", "AB", "aB", " 00", "0 ", "0x", "00\n0", "\xc3\xa9"};

	(void)state;
	expect_decoded(hex_decode, V(""), V(""));
	expect_decoded(hex_decode, V("00ff9abc"), V("\0\xff\x9a\xbc"));
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_refused(hex_decode, view_of_string(bad[i]), ERR_FORMAT);
}

static void
decimals_to_the_largest(void **state)
{
	uint64_t number;

	(void)state;
	assert_int_equal(decimal_decode(V("0"), &number), ERR_OK);
	assert_true(number == 0);
	assert_int_equal(decimal_decode(V("907"), &number), ERR_OK);
	assert_true(number == 907);
	assert_int_equal(decimal_decode(V("18446744073709551615"), &number), ERR_OK);
	assert_true(number == UINT64_MAX);
}

static void
decimal_other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {"", "00", "01", "0x1", "+1", "-1", "-0", " 1", "1 ",
	    "1\n", "1.0", "1e3", "1,000", "a", "18446744073709551616", "18446744073709551620",
	    "28446744073709551615", "99999999999999999999", "184467440737095516150",
	    "100000000000000000000000000000000", "\xd9\xa1"};
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		number = 1;
		assert_int_equal(
		    decimal_decode(view_of_string(bad[i]), &number), ERR_FORMAT_NUMBER);
		assert_true(number == 0);
	}
	assert_int_equal(decimal_decode(V("1\0"), &number), ERR_FORMAT_NUMBER);
}

static void
lines_come_off_one_by_one(void **state)
{
	struct view rest = V("one\n\nthree\r\nrest"), line;

	(void)state;
	assert_int_equal(line_next(&rest, &line), ERR_OK);
	assert_true(view_equal(line, V("one")));
	assert_int_equal(line_next(&rest, &line), ERR_OK);
	assert_int_equal(line.size, 0);
	assert_int_equal(line_next(&rest, &line), ERR_OK);
	assert_true(view_equal(line, V("three\r")));
	assert_int_equal(line_next(&rest, &line), ERR_FORMAT);
	assert_true(view_equal(rest, V("rest")));
	rest = (struct view){NULL, 0};
	assert_int_equal(line_next(&rest, &line), ERR_FORMAT);
}

static void
a_failed_buffer_stays_failed(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	b.failed = true;
	base64_append(&b, V("a"));
	base64url_append(&b, V("a"));
	hex_append(&b, V("a"));
	assert_int_equal(base64_decode(V("Zg=="), &b), ERR_MEMORY);
	assert_int_equal(hex_decode(V("00"), &b), ERR_MEMORY);
	assert_int_equal(b.size, 0);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64_has_the_vectors_of_the_standard),
	    cmocka_unit_test(all_bytes_go_there_and_back_in_all_lengths),
	    cmocka_unit_test(base64_alphabets_differ_in_two_digits),
	    cmocka_unit_test(base64_other_spellings_are_refused),
	    cmocka_unit_test(base64_trailing_bits_must_be_zero),
	    cmocka_unit_test(base64url_refuses_padding_and_single_digits),
	    cmocka_unit_test(base64_of_a_fixed_size_has_that_size),
	    cmocka_unit_test(hex_is_lower_case_and_whole),
	    cmocka_unit_test(every_byte_in_every_place_is_a_digit_or_refused),
	    cmocka_unit_test(decimals_to_the_largest),
	    cmocka_unit_test(decimal_other_spellings_are_refused),
	    cmocka_unit_test(lines_come_off_one_by_one),
	    cmocka_unit_test(a_failed_buffer_stays_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
