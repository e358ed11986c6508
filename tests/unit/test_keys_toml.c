/* Configurations in TOML as keys: tables, strings, values as spelled, and what is refused. */
#include "collector/keys/keypath.h"
#include "collector/keys/toml.h"
#include "tests/unit/keys_fixture.h"

#define IS(text, expected) keys_are(toml_keys_read, VIEW_LITERAL(text), NULL, 0, expected)

static void
test_values_are_as_spelled(void **state)
{
	(void)state;
	IS("a = 1_000\nb = 0xDEAD_beef # no\nc = +1.5e-03\r\nd = -inf\ne = true\nf=0o17\ng=0b1_0\n"
	   "h = nan\ni = 6.02E+2_3",
	    "f:a=1_000\nf:b=0xDEAD_beef\nf:c=+1.5e-03\nf:d=-inf\nf:e=true\nf:f=0o17\nf:g=0b1_0\n"
	    "f:h=nan\nf:i=6.02E+2_3\n");
	IS("a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00.999-07:00 # no\nc = 1979-05-27 \n"
	   "d = 07:32:00\ne = [1979-05-27 07:32:00, 1979-05-28]",
	    "f:a=1979-05-27T07:32:00Z\nf:b=1979-05-27 07:32:00.999-07:00\nf:c=1979-05-27\n"
	    "f:d=07:32:00\nf:e.0=1979-05-27 07:32:00\nf:e.1=1979-05-28\n");
	IS("", "");
	IS("\xef\xbb\xbf# nothing \xc3\xa9\r\n\n \t", "");
}

static void
test_strings(void **state)
{
	(void)state;
	IS("a = \"x\\t\\u00e9\\U0001f600\\\\ \\\"\"\nb = 'C:\\n'\nc = \"\"\nd = ''\ne = \"1000\"",
	    "f:a=\"x\t\xc3\xa9\xf0\x9f\x98\x80\\ \"\"\nf:b=\"C:\\n\"\nf:c=\"\"\nf:d=\"\"\n"
	    "f:e=\"1000\"\n");
	IS("a = \"\"\"\r\none\r\ntwo \\\n\n   three\"\"\"\nb = '''\nI'm \\ '''\nc = "
	   "\"\"\"a\"\"\"\"\"\n"
	   "d = '''''''\ne = \"\"\"\"\"\"\nf = \"\"\"\\\n  \"\"\"",
	    "f:a=\"one\ntwo three\"\nf:b=\"I'm \\ \"\nf:c=\"a\"\"\"\nf:d=\"'\"\nf:e=\"\"\n"
	    "f:f=\"\"\n");
}

static void
test_tables(void **state)
{
	(void)state;
	IS("top = 1\n[risk]\nmax = 2\nlimit.day = 3\n [ risk . 'sub.x' ] # no\ny = 4\n[\"\"]\nz=5",
	    "f:%.z=5\nf:risk.limit.day=3\nf:risk.max=2\nf:risk.sub%2Ex.y=4\nf:top=1\n");
	IS("a = {b = 1, c.d = [ {e = 2}, {} ], f = []}\ng = [\n [1, 2], # x\n [],\n]\n",
	    "f:a.b=1\nf:a.c.d.0.e=2\nf:a.c.d.1={}\nf:a.f=[]\nf:g.0.0=1\nf:g.0.1=2\nf:g.1=[]\n");
	IS("1 = 1\n3.14 = 2\n-_ = 3\n", "f:%31=1\nf:%33.%314=2\nf:-_=3\n");
	IS("[a]\n[a.b]\nx = 1\n[c]\n", "f:a={}\nf:a.b.x=1\nf:c={}\n");
}

static void
test_arrays_of_tables(void **state)
{
	(void)state;
	IS("[[desk]]\nname = 'a'\n[desk.risk]\nmax = 1\n[[desk.book]]\nx = 1\n[[desk.book]]\n"
	   "x = 2\n[[desk]]\n[[desk.book]]\nx = 3\n",
	    "f:desk.0.book.0.x=1\nf:desk.0.book.1.x=2\nf:desk.0.name=\"a\"\nf:desk.0.risk.max=1\n"
	    "f:desk.1={}\nf:desk.1.book.0.x=3\n");
	/* A number that is a name is another place. */
	IS("[[a]]\nx = 1\n[b.0]\nx = 2\n", "f:a.0.x=1\nf:b.%30.x=2\n");
}

static void
test_what_stands_twice_is_seen_twice(void **state)
{
	(void)state;
	IS("a = 1\n'a' = 2\n[t]\nx = 1\n[t]\nx = 2\n", "f:a=1|2\nf:t.x=1|2\n");
}

static void
test_what_is_no_toml(void **state)
{
	static const char *const texts[] = {"a", "a =", "= 1", "a = 1 b = 2", "a = 1, b = 2",
	    "a b = 1", "a. = 1", ".a = 1", "a..b = 1", "\xc3\xa9 = 1", "a = b", "a = True",
	    "a = 01", "a = +01", "a = 1_", "a = _1", "a = 1__0", "a = 1.", "a = .5", "a = 1._5",
	    "a = 1e", "a = 0x", "a = +0x1", "a = 0X1", "a = 0b2", "a = 0o8", "a = 1e1.5",
	    "a = 1979-13-01", "a = 1979-5-27", "a = 1979-05-27T", "a = 1979-05-27T25:00:00",
	    "a = 24:00:00", "a = 07:32", "a = 07:60:00", "a = 1979-05-27 07:32", "a = \"x",
	    "a = \"x\ny\"", "a = 'x\ny'", "a = \"\\x41\"", "a = \"\\u12\"", "a = \"\\ud800\"",
	    "a = \"\\U00110000\"", "a = \"\\", "a = \"\\ \n\"", "a = \"\"\"x", "a = \"\"\"x\"\"",
	    "a = '''x''''''", "a = \"\"\"\\ x\"\"\"", "\"\"\"a\"\"\" = 1", "'''a''' = 1", "a = [1",
	    "a = [1 2]", "a = [,]", "a = [1,,2]", "a = {b = 1,}", "a = {b = 1\n}", "a = {\nb = 1}",
	    "a = {b}", "a = {", "a = {b = 1 c = 2}", "[a", "[a]]", "[[a]", "[[a] ]", "[ [a]]", "[]",
	    "[a.]", "[a] b = 1", "[a] [b]", "[a]\n= 1", "a = 1\rb = 2", "a = 1 \r", "# \x01",
	    "a = '\x01'", "a = \"\x7f\"", "a = '\xff'", "# \xed\xa0\x80", "a = [1]]", "a = }", "\f",
	    "a = inf_",
	    "a = \xef\xbb\xbf"
	    "1"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (keys_refused(toml_keys_read, view_of_string(texts[i])) != ERR_FORMAT)
			fail_msg("%s", texts[i]);
	assert_int_equal(keys_refused(toml_keys_read, VIEW_LITERAL("a = '\0'")), ERR_FORMAT);
	assert_int_equal(keys_refused(toml_keys_read, VIEW_LITERAL("a = 1\0")), ERR_FORMAT);
}

static void
test_limits(void **state)
{
	(void)state;
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "a=", "[", KEYPATH_DEPTH_MAX - 1, ""), ERR_FORMAT);
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "a=", "[", 1000000, ""), ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "a=", "{a=", 1000000, ""), ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "a", ".a", KEYPATH_DEPTH_MAX, "=1"), ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "[a", ".a", KEYPATH_DEPTH_MAX, "]"), ERR_FORMAT_SIZE);
	assert_int_equal(keys_refused_long(toml_keys_read, "", "k", KEYED_KEY_MAX, "=1"), ERR_OK);
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "", "k", KEYED_KEY_MAX + 1, "=1"), ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(toml_keys_read, "", "[[a]]\n", KEYED_KEYS_MAX, ""), ERR_OK);
	assert_int_equal(keys_refused_long(toml_keys_read, "", "[[a]]\n", KEYED_KEYS_MAX + 1, ""),
	    ERR_FORMAT_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_are_as_spelled),
	    cmocka_unit_test(test_strings),
	    cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_arrays_of_tables),
	    cmocka_unit_test(test_what_stands_twice_is_seen_twice),
	    cmocka_unit_test(test_what_is_no_toml),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
