/* Checkpoints: one spelling, and every other refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/tlog/checkpoint.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROOT     "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
#define GOOD     "hallmark.example/prod-1\n8\n" ROOT "\n"

static void
expect_refused(struct view text, enum err expected)
{
	struct checkpoint c;

	assert_int_equal(checkpoint_parse(text, &c), expected);
}

static void
a_checkpoint_is_read_and_written_again(void **state)
{
	struct buf again = BUF_INIT;
	struct checkpoint c;
	char hex[DIGEST_HEX_SIZE + 1];

	(void)state;
	assert_int_equal(checkpoint_parse(V(GOOD), &c), ERR_OK);
	assert_string_equal(c.origin, "hallmark.example/prod-1");
	assert_int_equal(c.size, 8);
	digest_to_hex(&c.root, hex);
	assert_string_equal(
	    hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
	checkpoint_write(&c, &again);
	assert_true(view_equal(buf_view(&again), V(GOOD)));
	buf_free(&again);
}

static void
sizes_go_from_zero_to_the_largest(void **state)
{
	struct checkpoint c;

	(void)state;
	assert_int_equal(checkpoint_parse(V("o\n0\n" ROOT "\n"), &c), ERR_OK);
	assert_true(c.size == 0);
	assert_int_equal(checkpoint_parse(V("o\n18446744073709551615\n" ROOT "\n"), &c), ERR_OK);
	assert_true(c.size == UINT64_MAX);
}

static void
every_cut_is_refused(void **state)
{
	const struct view good = V(GOOD);
	struct checkpoint c;

	(void)state;
	for (size_t size = 0; size < good.size; size++)
		assert_int_not_equal(checkpoint_parse((struct view){good.data, size}, &c), ERR_OK);
}

static void
extension_lines_and_trailing_bytes_are_refused(void **state)
{
	(void)state;
	expect_refused(V(GOOD "extension\n"), ERR_FORMAT);
	expect_refused(V(GOOD "\n"), ERR_FORMAT);
	expect_refused(V(GOOD "x"), ERR_FORMAT);
	expect_refused(V(GOOD "\0"), ERR_FORMAT);
	expect_refused(V(GOOD GOOD), ERR_FORMAT);
}

static void
sizes_in_another_spelling_are_refused(void **state)
{
	static const char *const bad[] = {"o\n08\n" ROOT "\n", "o\n\n" ROOT "\n",
	    "o\n8 \n" ROOT "\n", "o\n+8\n" ROOT "\n", "o\n-1\n" ROOT "\n", "o\n0x8\n" ROOT "\n",
	    "o\n8\r\n" ROOT "\n", "o\n18446744073709551616\n" ROOT "\n", "o\n" ROOT "\n8\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_refused(view_of_string(bad[i]), ERR_FORMAT_NUMBER);
}

static void
roots_in_another_spelling_are_refused(void **state)
{
	static const char *const bad[] = {
	    "o\n8\n\n",
	    "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",   /* no padding */
	    "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz-Nw7_RgQyg=\n",  /* base64url */
	    "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n",  /* trailing bits */
	    "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n",  /* 31 bytes */
	    "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQygA\n",  /* 33 bytes */
	    "o\n8\n XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", /* a space */
	    "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_refused(view_of_string(bad[i]), ERR_FORMAT_BASE64);
}

static void
origins_that_are_no_key_names_are_refused(void **state)
{
	static const char *const bad[] = {"\n8\n" ROOT "\n", "a b\n8\n" ROOT "\n",
	    "a+b\n8\n" ROOT "\n", "a\tb\n8\n" ROOT "\n", "a\r\n8\n" ROOT "\n",
	    "caf\xc3\xa9\n8\n" ROOT "\n", "a\xff\n8\n" ROOT "\n", "a\x7f\n8\n" ROOT "\n",
	    "a\xc2\xa0\n8\n" ROOT "\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_refused(view_of_string(bad[i]), ERR_FORMAT);
	expect_refused(V("a\0b\n8\n" ROOT "\n"), ERR_FORMAT);
}

static void
origins_have_a_largest_length(void **state)
{
	struct view origin;
	uint8_t name[CHECKPOINT_ORIGIN_MAX + 1];

	(void)state;
	memset(name, 'o', sizeof(name));
	origin = (struct view){name, CHECKPOINT_ORIGIN_MAX};
	assert_int_equal(checkpoint_origin_check(origin), ERR_OK);
	origin.size++;
	assert_int_equal(checkpoint_origin_check(origin), ERR_FORMAT);
	assert_int_equal(checkpoint_origin_check((struct view){NULL, 0}), ERR_FORMAT);
	assert_int_equal(checkpoint_origin_check(V("h")), ERR_OK);
	assert_int_equal(checkpoint_origin_check(V("!~")), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_checkpoint_is_read_and_written_again),
	    cmocka_unit_test(sizes_go_from_zero_to_the_largest),
	    cmocka_unit_test(every_cut_is_refused),
	    cmocka_unit_test(extension_lines_and_trailing_bytes_are_refused),
	    cmocka_unit_test(sizes_in_another_spelling_are_refused),
	    cmocka_unit_test(roots_in_another_spelling_are_refused),
	    cmocka_unit_test(origins_that_are_no_key_names_are_refused),
	    cmocka_unit_test(origins_have_a_largest_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
