/* Views, the growable buffer, big-endian integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"

#define V(s) VIEW_LITERAL(s)

static void
expect(const struct buf *b, struct view expected)
{
	assert_int_equal(buf_status(b), ERR_OK);
	assert_true(view_equal(buf_view(b), expected));
}

static void
views_are_equal_by_their_bytes(void **state)
{
	const char copy[] = "abc";

	(void)state;
	assert_true(view_equal(V("abc"), view_of_string(copy)));
	assert_true(view_equal(V("a\0b"), V("a\0b")));
	assert_true(view_equal((struct view){NULL, 0}, V("")));
	assert_false(view_equal(V("abc"), V("abd")));
	assert_false(view_equal(V("abc"), V("ab")));
	assert_false(view_equal(V("a\0b"), V("a\0c")));
}

static void
views_are_ordered_by_bytes_then_by_length(void **state)
{
	static const struct view rising[] = {
	    {NULL, 0}, V("\0"), V("\0\0"), V("A"), V("a"), V("aa"), V("b"), V("\x7f"), V("\x80")};
	const size_t count = sizeof(rising) / sizeof(rising[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(view_compare(rising[i], rising[i]), 0);
		for (size_t j = i + 1; j < count; j++) {
			assert_true(view_compare(rising[i], rising[j]) < 0);
			assert_true(view_compare(rising[j], rising[i]) > 0);
		}
	}
}

static void
appending_keeps_the_order(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_append(&b, "one", 3);
	buf_append_view(&b, V(" \0 "));
	buf_append_string(&b, "two");
	buf_append_byte(&b, 0xff);
	buf_append(&b, NULL, 0);
	buf_append_view(&b, (struct view){NULL, 0});
	expect(&b, V("one \0 two\xff"));
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.size, 0);
}

static void
growing_keeps_the_content(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_append_byte(&b, (uint8_t)(i % 251));
	assert_int_equal(buf_status(&b), ERR_OK);
	assert_int_equal(b.size, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], i % 251);
	buf_free(&b);
}

static void
room_for_nothing_is_room(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_non_null(buf_reserve(&b, 0));
	assert_int_equal(b.size, 0);
	assert_int_equal(buf_status(&b), ERR_OK);
	buf_free(&b);
}

static void
too_much_fails_and_the_failure_stays(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_append_string(&b, "before");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_status(&b), ERR_MEMORY);
	assert_null(buf_reserve(&b, 1));
	buf_append_string(&b, "behind");
	buf_append_decimal(&b, 7);
	buf_append_format(&b, "%d", 7);
	assert_int_equal(buf_status(&b), ERR_MEMORY);
	assert_true(view_equal(buf_view(&b), V("before")));
	buf_clear(&b);
	buf_append_string(&b, "again");
	expect(&b, V("again"));
	buf_free(&b);
}

/* Around every power of ten, where the number of digits changes. */
static void
decimals_are_those_of_the_library(void **state)
{
	struct buf b = BUF_INIT;
	char expected[32];

	(void)state;
	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
		for (uint64_t number = power - 1; number < power + 120; number += 17) {
			buf_clear(&b);
			buf_append_decimal(&b, number);
			(void)snprintf(
			    expected, sizeof(expected), "%llu", (unsigned long long)number);
			assert_true(view_equal(buf_view(&b), view_of_string(expected)));
		}
	}
	buf_free(&b);
}

static void
decimals_have_no_leading_zeros(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_append_decimal(&b, 0);
	buf_append_byte(&b, ' ');
	buf_append_decimal(&b, 10);
	buf_append_byte(&b, ' ');
	buf_append_decimal(&b, UINT64_MAX);
	expect(&b, V("0 10 18446744073709551615"));
	buf_free(&b);
}

static void
formats_are_not_cut(void **state)
{
	struct buf b = BUF_INIT;
	char wide[1000];

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	buf_append_format(&b, "%s=%d", "a", -1);
	buf_append_format(&b, "%s", "");
	expect(&b, V("a=-1"));
	buf_append_format(&b, "%s!", wide);
	assert_int_equal(b.size, 4 + 999 + 1);
	assert_int_equal(b.data[b.size - 1], '!');
	buf_free(&b);
}

static void
consuming_takes_from_the_front(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_append_string(&b, "abcdef");
	buf_consume(&b, 0);
	expect(&b, V("abcdef"));
	buf_consume(&b, 2);
	expect(&b, V("cdef"));
	buf_append_string(&b, "g");
	expect(&b, V("cdefg"));
	buf_consume(&b, 5);
	expect(&b, V(""));
	buf_free(&b);
	buf_consume(&b, 0);
}

static void
integers_are_big_endian(void **state)
{
	uint8_t bytes[8];

	(void)state;
	be16_put(bytes, 0x0102);
	assert_memory_equal(bytes, "\1\2", 2);
	be32_put(bytes, 0x01020304);
	assert_memory_equal(bytes, "\1\2\3\4", 4);
	be64_put(bytes, 0xf102030405060708);
	assert_memory_equal(bytes, "\xf1\2\3\4\5\6\7\10", 8);
	assert_int_equal(be16_get((const uint8_t *)"\xff\xfe"), 0xfffe);
	assert_int_equal(be32_get((const uint8_t *)"\xff\xfe\xfd\xfc"), 0xfffefdfc);
	assert_true(be64_get(bytes) == 0xf102030405060708);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(views_are_equal_by_their_bytes),
	    cmocka_unit_test(views_are_ordered_by_bytes_then_by_length),
	    cmocka_unit_test(appending_keeps_the_order),
	    cmocka_unit_test(growing_keeps_the_content),
	    cmocka_unit_test(room_for_nothing_is_room),
	    cmocka_unit_test(too_much_fails_and_the_failure_stays),
	    cmocka_unit_test(decimals_have_no_leading_zeros),
	    cmocka_unit_test(decimals_are_those_of_the_library),
	    cmocka_unit_test(formats_are_not_cut),
	    cmocka_unit_test(consuming_takes_from_the_front),
	    cmocka_unit_test(integers_are_big_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
