/* Extension maps: any key of the right form is taken, in one spelling; all else has its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/extension_map.h"

#define V(s) VIEW_LITERAL(s)
#define K32  "abcdefghijklmnopqrstuvwxyz_01234"

/* Reads all pairs; ERR_MSG_CANONICAL where only the spelling is wrong. */
static enum err
read_all(struct view bytes, struct extension_map *m)
{
	enum err e = extension_map_begin(bytes, m);

	while (e == ERR_OK && m->left > 0)
		e = extension_map_next(m);
	if (e == ERR_OK && !m->canonical)
		e = ERR_MSG_CANONICAL;
	return e;
}

static void
expect(struct view bytes, enum err expected)
{
	/* On the heap and exactly as long, so that a sanitizer sees every byte read beyond. */
	uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);
	struct extension_map m;

	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	assert_int_equal(read_all((struct view){copy, bytes.size}, &m), expected);
	free(copy);
}

static void
pairs_are_given_in_order(void **state)
{
	struct extension_map m;
	const struct view bytes = V("\x84\241a\x07\241b\xa2hi\241c\xc4\x01x\241d\x92\x01\x80rest");

	(void)state;
	assert_int_equal(extension_map_begin(bytes, &m), ERR_OK);
	assert_int_equal(m.left, 4);
	assert_int_equal(extension_map_next(&m), ERR_OK);
	assert_true(view_equal(m.key, V("a")));
	assert_int_equal(m.value.type, MP_UINT);
	assert_int_equal(m.value.number, 7);
	assert_int_equal(extension_map_next(&m), ERR_OK);
	assert_true(view_equal(m.key, V("b")));
	assert_int_equal(m.value.type, MP_STR);
	assert_true(view_equal(m.value.bytes, V("hi")));
	assert_int_equal(extension_map_next(&m), ERR_OK);
	assert_int_equal(m.value.type, MP_BIN);
	assert_int_equal(extension_map_next(&m), ERR_OK);
	assert_true(view_equal(m.key, V("d")));
	assert_int_equal(m.value.type, MP_ARRAY);
	assert_int_equal(m.value.count, 2);
	assert_int_equal(m.left, 0);
	assert_true(m.canonical);
	assert_true(view_equal(m.rest, V("rest")));
	assert_true(view_equal(m.bytes, (struct view){bytes.data, bytes.size - 4}));
}

static void
every_cut_is_refused(void **state)
{
	const struct view whole =
	    V("\x82\241a\x93\x01\xc4\x02xy\x81\242bb\xa2hi\241c\x91\xcd\x01\x00");

	(void)state;
	expect(whole, ERR_OK);
	for (size_t size = 0; size < whole.size; size++)
		expect((struct view){whole.data, size}, ERR_MSG_COUNT);
}

static void
what_is_no_map_is_refused(void **state)
{
	(void)state;
	expect(V("\x01"), ERR_MSG_TYPE);
	expect(V("\x91\x01"), ERR_MSG_TYPE);
	expect(V("\xc0"), ERR_MSG_TYPE);
	expect(V("\xc1"), ERR_MSG_SYNTAX);
	expect(V("\xdf\xff\xff\xff\xff"), ERR_MSG_COUNT);
}

static void
an_empty_one_has_another_spelling(void **state)
{
	(void)state;
	expect(V("\x80"), ERR_MSG_CANONICAL);
	expect(V("\x81\241a\x80"), ERR_OK);
	expect(V("\x81\241a\x90"), ERR_OK);
	expect(V("\x81\241a\xa0"), ERR_OK);
	expect(V("\x81\241a\xc4\0"), ERR_OK);
}

static void
keys_of_another_form_are_refused(void **state)
{
	(void)state;
	expect(V("\x81\xd9\x20" K32 "\x01"), ERR_OK);
	expect(V("\x81\xd9\x21" K32 "x\x01"), ERR_MSG_RANGE);
	expect(V("\x81\xa0\x01"), ERR_MSG_RANGE);
	expect(V("\x81\241A\x01"), ERR_MSG_RANGE);
	expect(V("\x81\241-\x01"), ERR_MSG_RANGE);
	expect(V("\x81\241 \x01"), ERR_MSG_RANGE);
	expect(V("\x81\241\x00\x01"), ERR_MSG_RANGE);
	expect(V("\x81\241\xe9\x01"), ERR_MSG_RANGE);
	expect(V("\x81\x01\x01"), ERR_MSG_TYPE);
	expect(V("\x81\xc4\001a\x01"), ERR_MSG_TYPE);
	expect(V("\x81\241a\x81\241A\x01"), ERR_MSG_RANGE);
	expect(V("\x81\241a\x91\x81\x01\x01"), ERR_MSG_TYPE);
}

static void
values_of_another_type_are_refused(void **state)
{
	static const char *const values[] = {
	    "\xc0", "\xc2", "\xc3", "\xff", "\xd0\x80", "\xca\x01\x01\x01\x01", "\xd4\x01\x01"};
	char bytes[16];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const size_t size = strlen(values[i]);

		memcpy(bytes, "\x81\241a", 3);
		memcpy(bytes + 3, values[i], size);
		expect((struct view){(uint8_t *)bytes, 3 + size}, ERR_MSG_TYPE);
		memcpy(bytes + 3, "\x91", 1);
		memcpy(bytes + 4, values[i], size);
		expect((struct view){(uint8_t *)bytes, 4 + size}, ERR_MSG_TYPE);
	}
	expect(V("\x81\241a\241\n"), ERR_MSG_RANGE);
	expect(V("\x81\241a\xa3\xe2\x80\xae"), ERR_MSG_RANGE);
	expect(V("\x81\241a\241\xff"), ERR_MSG_RANGE);
	expect(V("\x81\241a\xc1"), ERR_MSG_SYNTAX);
}

static void
order_is_demanded_in_every_map(void **state)
{
	(void)state;
	expect(V("\x82\241a\x01\242ab\x01"), ERR_OK);
	expect(V("\x82\242ab\x01\241a\x01"), ERR_MSG_CANONICAL);
	expect(V("\x82\241a\x01\241a\x01"), ERR_MSG_DUPLICATE);
	expect(V("\x81\241z\x82\241a\x01\241b\x01"), ERR_OK);
	expect(V("\x81\241z\x82\241b\x01\241a\x01"), ERR_MSG_CANONICAL);
	expect(V("\x81\241z\x82\241b\x01\241b\x01"), ERR_MSG_DUPLICATE);
	/* A map in between does not make the one around it forget, nor one beside it remember. */
	expect(V("\x81\241z\x82\241b\x81\241x\x01\241a\x01"), ERR_MSG_CANONICAL);
	expect(V("\x81\241z\x92\x81\241b\x01\x81\241b\x01"), ERR_OK);
}

static void
longer_forms_are_not_canonical(void **state)
{
	(void)state;
	expect(V("\xde\0\x01\241a\x01"), ERR_MSG_CANONICAL);
	expect(V("\x81\xd9\001a\x01"), ERR_MSG_CANONICAL);
	expect(V("\x81\241a\xcc\x01"), ERR_MSG_CANONICAL);
	expect(V("\x81\241a\xd0\x01"), ERR_MSG_CANONICAL);
	expect(V("\x81\241a\xc5\0\0"), ERR_MSG_CANONICAL);
	expect(V("\x81\241a\xdc\0\0"), ERR_MSG_CANONICAL);
	expect(V("\x81\241a\x91\x91\xcd\0\x01"), ERR_MSG_CANONICAL);
	/* Content goes before spelling. */
	expect(V("\xde\0\x01\241A\x01"), ERR_MSG_RANGE);
}

static void
nesting_ends_at_three(void **state)
{
	(void)state;
	expect(V("\x81\241a\x91\x91\x91\x01"), ERR_OK);
	expect(V("\x81\241a\x91\x91\x90"), ERR_OK);
	expect(V("\x81\241a\x91\x91\x91\x90"), ERR_MSG_DEPTH);
	expect(V("\x81\241a\x81\241a\x81\241a\x81\241a\x01"), ERR_OK);
	expect(V("\x81\241a\x81\241a\x81\241a\x81\241a\x80"), ERR_MSG_DEPTH);
	/* What was closed does not count. */
	expect(V("\x81\241a\x92\x91\x91\x01\x91\x91\x01"), ERR_OK);
}

/* `count` pairs with keys of two letters and the value 1. */
static struct view
pairs(uint8_t *to, unsigned count)
{
	uint8_t *p = to;

	memcpy(p, "\xde\0", 2);
	p[2] = (uint8_t)count;
	p += 3;
	if (count < 16) {
		to[0] = (uint8_t)(0x80 | count);
		p = to + 1;
	}
	for (unsigned i = 0; i < count; i++) {
		const uint8_t pair[] = {0xa2, 'a', (uint8_t)('a' + i), 0x01};

		memcpy(p, pair, sizeof(pair));
		p += sizeof(pair);
	}
	return (struct view){to, (size_t)(p - to)};
}

static void
sixteen_pairs_are_the_most(void **state)
{
	uint8_t bytes[128] = "\x81\241a";
	struct view inner;

	(void)state;
	expect(pairs(bytes, 15), ERR_OK);
	expect(pairs(bytes, 16), ERR_OK);
	expect(pairs(bytes, 17), ERR_MSG_RANGE);
	memcpy(bytes, "\x81\241a", 3);
	inner = pairs(bytes + 3, 16);
	expect((struct view){bytes, 3 + inner.size}, ERR_OK);
	inner = pairs(bytes + 3, 17);
	expect((struct view){bytes, 3 + inner.size}, ERR_MSG_RANGE);
}

static void
bytes_are_bounded(void **state)
{
	uint8_t bytes[EXTENSION_MAP_SIZE_MAX + 1] = "\x81\241a\xc5\x03\xfa";

	(void)state;
	expect((struct view){bytes, EXTENSION_MAP_SIZE_MAX}, ERR_OK);
	bytes[5]++;
	expect((struct view){bytes, EXTENSION_MAP_SIZE_MAX + 1}, ERR_MSG_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pairs_are_given_in_order),
	    cmocka_unit_test(every_cut_is_refused),
	    cmocka_unit_test(what_is_no_map_is_refused),
	    cmocka_unit_test(an_empty_one_has_another_spelling),
	    cmocka_unit_test(keys_of_another_form_are_refused),
	    cmocka_unit_test(values_of_another_type_are_refused),
	    cmocka_unit_test(order_is_demanded_in_every_map),
	    cmocka_unit_test(longer_forms_are_not_canonical),
	    cmocka_unit_test(nesting_ends_at_three),
	    cmocka_unit_test(sixteen_pairs_are_the_most),
	    cmocka_unit_test(bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
