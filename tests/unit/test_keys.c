/* Keys of configurations: what is one, how its fact is called, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/keys/lines.h"

/* "NAME=VALUE|VALUE" of each fact, with line feeds. */
static void
read_is(struct view text, bool sections, const char *const *patterns, size_t pattern_count,
    const char *expected)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	struct keyed *k = keyed_new("f", patterns, pattern_count);
	struct buf bytes = BUF_INIT, got = BUF_INIT;
	struct component *c;
	size_t count;

	assert_int_equal(lines_read(text, sections, k), ERR_OK);
	assert_int_equal(keyed_finish(k, b), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	for (size_t i = 0; i < c->item_count; i++) {
		buf_append_view(&got, c->items.facts[i].name);
		for (size_t j = 0; j < c->items.facts[i].value_count; j++) {
			buf_append_string(&got, j == 0 ? "=" : "|");
			buf_append_view(&got, c->items.facts[i].values[j]);
		}
		buf_append_byte(&got, '\n');
	}
	buf_append_byte(&got, '\0');
	assert_string_equal((const char *)got.data, expected);
	component_free(&c);
	component_builder_free(&b);
	keyed_free(&k);
	buf_free(&bytes);
	buf_free(&got);
}

static enum err
refused(struct view text, bool sections)
{
	struct keyed *k = keyed_new("f", NULL, 0);
	const enum err e = lines_read(text, sections, k);

	keyed_free(&k);
	return e;
}

#define IS(text, sections, expected) read_is(VIEW_LITERAL(text), sections, NULL, 0, expected)

static void
test_sections(void **state)
{
	(void)state;
	IS("\xef\xbb\xbftop = 1\r\n# no\n ; no\n\n[ risk ]\n\tmax_order_size= 1000 ; shares\n"
	   "name = \"a=b\"\nskip\n[]\nx=\n[risk]\nmax_order_size =9",
	    true,
	    "f:risk.max_order_size=1000 ; shares|9\nf:risk.name=\"a=b\"\nf:risk.skip=\nf:top=1\n"
	    "f:x=\n");
}

static void
test_no_sections(void **state)
{
	(void)state;
	IS("[a]\nexport K=1\nserver.port=80\n", false,
	    "f:[a]=\nf:export%20K=1\nf:server.port=80\n");
	IS("", false, "");
}

static void
test_names_of_keys(void **state)
{
	(void)state;
	IS("[a\xc3\xa9]\n100%\x7f\x01 x=\xff\x02", true, "f:a%C3%A9.100%25%7F%01%20x=\xff\x02\n");
	IS("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=1", false,
	    "f:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=1\n");
	IS("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=1", false,
	    "f:sha256:dcc0ba86cf08f8e8=f:"
	    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk|1\n");
}

static void
test_keys_that_are_wanted(void **state)
{
	static const char *const patterns[] = {"a.*", "?"};

	(void)state;
	read_is(VIEW_LITERAL("b=1\nbb=2\n[a]\nc=3\nd.e=4\n[aa]\nc=5"), true, patterns, 2,
	    "f:a.c=3\nf:a.d.e=4\nf:b=1\n");
}

static void
test_what_is_refused(void **state)
{
	struct buf many = BUF_INIT;

	(void)state;
	assert_int_equal(refused(VIEW_LITERAL("a=\0"), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL("[a\nb=1"), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL("["), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL("[a] ; x"), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL(" = 1"), false), ERR_FORMAT);
	for (unsigned i = 0; i < KEYED_KEY_MAX; i++)
		buf_append_byte(&many, 'k');
	assert_int_equal(refused(buf_view(&many), false), ERR_OK);
	buf_append_byte(&many, 'k');
	assert_int_equal(refused(buf_view(&many), false), ERR_FORMAT_SIZE);
	buf_clear(&many);
	buf_append_string(&many, "k=");
	for (unsigned i = 0; i <= COMPONENT_VALUE_MAX; i++)
		buf_append_byte(&many, 'v');
	assert_int_equal(refused(buf_view(&many), false), ERR_FORMAT_SIZE);
	buf_clear(&many);
	for (unsigned i = 0; i <= KEYED_KEYS_MAX; i++)
		buf_append_string(&many, "k\n");
	assert_int_equal(refused(buf_view(&many), false), ERR_FORMAT_SIZE);
	buf_free(&many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sections),
	    cmocka_unit_test(test_no_sections),
	    cmocka_unit_test(test_names_of_keys),
	    cmocka_unit_test(test_keys_that_are_wanted),
	    cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
