/* Configurations in YAML as keys: what is plain and what is not, aliases, documents, limits. */
#include "collector/keys/keypath.h"
#include "collector/keys/yaml.h"
#include "collector/keys/yaml_nodes.h"
#include "tests/unit/keys_fixture.h"

#define IS(text, expected) keys_are(yaml_keys_read, VIEW_LITERAL(text), NULL, 0, expected)

static void
test_scalars(void **state)
{
	(void)state;
	IS("a: 0x1F\nb: 'it''s'\nc: \"x\\n\"\nd: yes\ne: ~\nf:\ng: ''\nh: '1000'\ni: 1_000\n",
	    "f:a=0x1F\nf:b=\"it's\"\nf:c=\"x\n\"\nf:d=yes\nf:e=~\nf:f=\nf:g=\"\"\nf:h=\"1000\"\n"
	    "f:i=1_000\n");
	IS("a: one\n  two # no\nb: |\n  1\n  2\nc: >-\n  1\n  2\n",
	    "f:a=one two\nf:b=\"1\n2\n\"\nf:c=\"1 2\"\n");
	IS("\xef\xbb\xbf# nothing\n", "");
	IS("", "");
	IS("1000", "f:=1000\n");
}

static void
test_places(void **state)
{
	(void)state;
	IS("risk:\n  limits:\n  - max: 1\n  - {max: 2, on: [a, b]}\n",
	    "f:risk.limits.0.max=1\nf:risk.limits.1.max=2\nf:risk.limits.1.on.0=a\n"
	    "f:risk.limits.1.on.1=b\n");
	IS("a.b: 1\na: {b: 2, 0: 3, '': 4, 'c d': 5}\n",
	    "f:a%2Eb=1\nf:a.%=4\nf:a.%30=3\nf:a.b=2\nf:a.c%20d=5\n");
	IS("a: {}\nb: []\nc: '{}'\n", "f:a={}\nf:b=[]\nf:c=\"{}\"\n");
	IS("a: 1\n\"a\": 2\n", "f:a=1|2\n");
}

static void
test_aliases_are_what_they_mean(void **state)
{
	(void)state;
	IS("base: &b {max: 1}\nrisk: *b\n", "f:base.max=1\nf:risk.max=1\n");
	IS("x: &n 1\ny: [*n, *n]\n*n : 2\n", "f:%31=2\nf:x=1\nf:y.0=1\nf:y.1=1\n");
	/* An anchor may be named anew. */
	IS("- &a 1\n- *a\n- &a 2\n- *a\n", "f:0=1\nf:1=1\nf:2=2\nf:3=2\n");
	IS("d: &d {max: 1, min: 0}\nrisk:\n  <<: *d\n  max: 5\n",
	    "f:d.max=1\nf:d.min=0\nf:risk.<<.max=1\nf:risk.<<.min=0\nf:risk.max=5\n");
}

static void
test_tags_are_seen(void **state)
{
	(void)state;
	IS("a: !!int \"5\"\nb: !x 5\nc: ! 5\nd: !!str\n",
	    "f:a=!<tag:yaml.org,2002:int> \"5\"\nf:b=!<!x> 5\nf:c=!<!> 5\n"
	    "f:d=!<tag:yaml.org,2002:str> \n");
	IS("a: !!python/object/apply:os.system [id]\nb: !t {}\n",
	    "f:a=!<tag:yaml.org,2002:python/object/apply:os.system>\nf:a.0=id\nf:b=!<!t>|{}\n");
	/* A tag ends where it ends. */
	IS("a: !a%3E%20b 1\n", "f:a=!<!a%3E%20b> 1\n");
}

static void
test_documents_are_one_behind_the_other(void **state)
{
	(void)state;
	IS("a: 1\n---\na: 2\nb: &x 3\n...\n--- {a: 4}\n", "f:a=1|2|4\nf:b=3\n");
}

static void
test_what_is_refused(void **state)
{
	static const char *const texts[] = {"a: [", "a: ]", "a: {b", "a: 'x", "a: \"\\q\"",
	    "\ta: 1", "a: 1\n b: 2", "- 1\na: 2", "? [a]\n: 1", "? {a: 1}\n: 1", "!!str a: 1",
	    "*a : 1", "a: *a", "a: &a [*a]", "&a a: {b: &c {d: *c}}", "a: &x [1]\n*x : 2",
	    "a: \x01", "a: \xff", "a: @x", "a: `x", "a: %x: y", "%YAML 3.0\n--- a", "a: !<x b",
	    "a: !u!x b", "a: &b\n---\nb: *b",
	    "\xff\xfe"
	    "a",
	    "a: b: c"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (keys_refused(yaml_keys_read, view_of_string(texts[i])) != ERR_FORMAT)
			fail_msg("%s", texts[i]);
	assert_int_equal(keys_refused(yaml_keys_read, VIEW_LITERAL("a: \0")), ERR_FORMAT);
}

static void
test_aliases_make_no_more_of_a_file(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	/* Without a value: only the steps count. */
	buf_append_string(&text, "a0: &a0 !t [!t [], !t []]\n");
	for (unsigned i = 1; i < 30; i++)
		buf_append_format(&text, "a%u: &a%u [*a%u, *a%u]\n", i, i, i - 1, i - 1);
	assert_int_equal(keys_refused(yaml_keys_read, buf_view(&text)), ERR_FORMAT_SIZE);
	/* A long value, often: the bytes count. */
	buf_clear(&text);
	buf_append_string(&text, "a: &a ");
	for (unsigned i = 0; i < 60000; i++)
		buf_append_byte(&text, 'v');
	buf_append_string(&text, "\nb: [");
	for (unsigned i = 0; i < 1000; i++)
		buf_append_string(&text, "*a, ");
	buf_append_string(&text, "]\n");
	assert_int_equal(keys_refused(yaml_keys_read, buf_view(&text)), ERR_FORMAT_SIZE);
	buf_free(&text);
}

static void
test_directives_make_no_more_of_a_file(void **state)
{
	static const char *const ends[] = {
	    "\n", "\r", "\r\n", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
	static const char *const only[] = {"none"};
	struct buf text = BUF_INIT;
	struct keyed *k;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		buf_clear(&text);
		for (unsigned n = 0; n < YAML_DIRECTIVES_MAX; n++)
			buf_append_format(&text, "%%TAG !%u! t%s", n, ends[i]);
		buf_append_format(&text, "--- !1023!x a%s", ends[i]);
		keys_are(yaml_keys_read, buf_view(&text), only, 1, "");
		buf_append_string(&text, "%");
		assert_int_equal(keys_refused(yaml_keys_read, buf_view(&text)), ERR_FORMAT_SIZE);
	}
	/* Short tags that stand for long ones: what is read of a document is bounded. */
	buf_clear(&text);
	buf_append_string(&text, "%TAG !! ");
	for (unsigned i = 0; i < 60000; i++)
		buf_append_byte(&text, 't');
	buf_append_string(&text, "\n--- [");
	for (unsigned i = 0; i < KEYED_BYTES_MAX / 60000 + 2; i++)
		buf_append_string(&text, "!!a [1], ");
	buf_append_string(&text, "]\n");
	k = keyed_new("f", only, 1);
	assert_int_equal(yaml_keys_read(buf_view(&text), k), ERR_FORMAT_SIZE);
	keyed_free(&k);
	buf_free(&text);
}

static void
test_limits(void **state)
{
	static const char *const only[] = {"none"};
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(
	    keys_refused_long(yaml_keys_read, "", "[", KEYPATH_DEPTH_MAX, ""), ERR_FORMAT);
	assert_int_equal(
	    keys_refused_long(yaml_keys_read, "", "[", KEYPATH_DEPTH_MAX + 1, ""), ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(yaml_keys_read, "", "- &a 1\n", YAML_ANCHORS_MAX, ""), ERR_OK);
	assert_int_equal(
	    keys_refused_long(yaml_keys_read, "", "- &a 1\n", YAML_ANCHORS_MAX + 1, ""),
	    ERR_FORMAT_SIZE);
	/* What nobody wants is bounded, too. */
	for (size_t i = 0; i < YAML_NODES_MAX - 1; i++)
		buf_append_string(&text, "- 1\n");
	keys_are(yaml_keys_read, buf_view(&text), only, 1, "");
	buf_append_string(&text, "- 1\n");
	assert_int_equal(keys_refused(yaml_keys_read, buf_view(&text)), ERR_FORMAT_SIZE);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scalars),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_aliases_are_what_they_mean),
	    cmocka_unit_test(test_tags_are_seen),
	    cmocka_unit_test(test_documents_are_one_behind_the_other),
	    cmocka_unit_test(test_what_is_refused),
	    cmocka_unit_test(test_aliases_make_no_more_of_a_file),
	    cmocka_unit_test(test_directives_make_no_more_of_a_file),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
