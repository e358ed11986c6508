/* Keys of configurations: what is one, how its fact is called, and what is refused. */
#include "collector/keys/lines.h"
#include "tests/unit/keys_fixture.h"

static enum err
read_sections(struct view text, struct keyed *to)
{
	return lines_read(text, true, to);
}

static enum err
read_plain(struct view text, struct keyed *to)
{
	return lines_read(text, false, to);
}

#define IS(text, sections, expected)                                                               \
	keys_are(sections ? read_sections : read_plain, VIEW_LITERAL(text), NULL, 0, expected)

static enum err
refused(struct view text, bool sections)
{
	return keys_refused(sections ? read_sections : read_plain, text);
}

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
	keys_are(read_sections, VIEW_LITERAL("b=1\nbb=2\n[a]\nc=3\nd.e=4\n[aa]\nc=5"), patterns, 2,
	    "f:a.c=3\nf:a.d.e=4\nf:b=1\n");
}

static void
test_what_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refused(VIEW_LITERAL("a=\0"), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL("[a\nb=1"), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL("["), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL("[a] ; x"), true), ERR_FORMAT);
	assert_int_equal(refused(VIEW_LITERAL(" = 1"), false), ERR_FORMAT);
	assert_int_equal(keys_refused_long(read_plain, "", "k", KEYED_KEY_MAX, ""), ERR_OK);
	assert_int_equal(
	    keys_refused_long(read_plain, "", "k", KEYED_KEY_MAX + 1, ""), ERR_FORMAT_SIZE);
	assert_int_equal(keys_refused_long(read_plain, "k=", "v", COMPONENT_VALUE_MAX, ""), ERR_OK);
	assert_int_equal(
	    keys_refused_long(read_plain, "k=", "v", COMPONENT_VALUE_MAX + 1, ""), ERR_FORMAT_SIZE);
	assert_int_equal(keys_refused_long(read_plain, "", "k\n", KEYED_KEYS_MAX, ""), ERR_OK);
	assert_int_equal(
	    keys_refused_long(read_plain, "", "k\n", KEYED_KEYS_MAX + 1, ""), ERR_FORMAT_SIZE);
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
