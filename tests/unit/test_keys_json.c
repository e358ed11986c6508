/* Configurations in JSON as keys: places, values as spelled, and what is refused. */
#include "collector/keys/json.h"
#include "collector/keys/keypath.h"
#include "tests/unit/keys_fixture.h"

#define IS(text, expected) keys_are(json_keys_read, VIEW_LITERAL(text), NULL, 0, expected)
#define REFUSED(text)      assert_int_equal(keys_refused(json_keys_read, VIEW_LITERAL(text)), ERR_FORMAT)

static void
test_values_are_as_spelled(void **state)
{
	(void)state;
	IS("{\"a\": 1.50e+03, \"b\": 123456789012345678901234567890, \"c\": -0, \"d\": true,\n"
	   "\t\"e\" :null, \"f\":false}",
	    "f:a=1.50e+03\nf:b=123456789012345678901234567890\nf:c=-0\nf:d=true\nf:e=null\n"
	    "f:f=false\n");
	IS("{\"a\": \"1000\", \"b\": \"\", \"c\": \"x\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"d\": "
	   "\"\\u00e9\\uD83d\\ude00\xc3\xa9\"}",
	    "f:a=\"1000\"\nf:b=\"\"\nf:c=\"x\"\\/\b\f\n\r\t\"\nf:d=\"\xc3\xa9\xf0\x9f\x98\x80"
	    "\xc3\xa9\"\n");
	IS("{\"a\": {}, \"b\": [], \"c\": \"{}\", \"d\": [[]]}",
	    "f:a={}\nf:b=[]\nf:c=\"{}\"\nf:d.0=[]\n");
	IS("7", "f:=7\n");
	IS("\xef\xbb\xbf{\"a\":1}", "f:a=1\n");
}

static void
test_places(void **state)
{
	(void)state;
	IS("{\"risk\": {\"limits\": [{\"max\": 1}, {\"max\": 2}], \"on\": true}}",
	    "f:risk.limits.0.max=1\nf:risk.limits.1.max=2\nf:risk.on=true\n");
	/* No two have one key, whatever a name has. */
	IS("{\"a.b\": 1, \"a\": {\"b\": 2}}", "f:a%2Eb=1\nf:a.b=2\n");
	IS("{\"a\": {\"0\": 1, \"01\": 2, \"0a\": 3}}", "f:a.%30=1\nf:a.%301=2\nf:a.0a=3\n");
	IS("{\"\": {\"\": 1, \"%\": 2}, \"%\": 3}", "f:%.%=1\nf:%.%25=2\nf:%25=3\n");
	IS("{\"a\\u0000 b\xc3\xa9\": 1}", "f:a%00%20b%C3%A9=1\n");
}

static void
test_what_stands_twice_is_seen_twice(void **state)
{
	(void)state;
	IS("{\"a\": 1, \"b\": 0, \"a\": 2, \"\\u0061\": 3}", "f:a=1|2|3\nf:b=0\n");
	IS("{\"a\": {\"x\": 1}, \"a\": {\"x\": 2, \"y\": 3}}", "f:a.x=1|2\nf:a.y=3\n");
}

static void
test_patterns_are_of_places(void **state)
{
	static const char *const patterns[] = {"risk.*"};

	(void)state;
	keys_are(json_keys_read, VIEW_LITERAL("{\"risk\": {\"a\": [1]}, \"riskier\": 2}"), patterns,
	    1, "f:risk.a.0=1\n");
}

static void
test_what_is_no_json(void **state)
{
	static const char *const texts[] = {"", " ", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
	    "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "[1,]", "[,1]", "[1", "[1 2]", "01", "-", "-a",
	    "1.", ".5", "1e", "1e+", "+1", "0x1", "1_0", "NaN", "Infinity", "-Infinity", "True",
	    "tru", "nul", "trueish", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
	    "\"\\ud800\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"",
	    "\"a\tb\"", "1 2", "{} {}", "// x\n1", "/* x */ 1", "1 # x", "\"\xff\"", "\"\xc0\x80\"",
	    "\"\xed\xa0\x80\"", "\xef\xbb\xbf\xef\xbb\xbf 1", "[1}", "{\"a\":1]", "\f1"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
		    keys_refused(json_keys_read, view_of_string(texts[i])), ERR_FORMAT);
	REFUSED("\"a\0\"");
	REFUSED("1\0");
	REFUSED("\"\\\0\"");
}

static void
test_limits(void **state)
{
	(void)state;
	assert_int_equal(
	    keys_refused_long(json_keys_read, "", "[", KEYPATH_DEPTH_MAX, ""), ERR_FORMAT);
	assert_int_equal(keys_refused_long(json_keys_read, "", "[", 1000000, ""), ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(json_keys_read, "", "{\"a\":", KEYPATH_DEPTH_MAX + 1, ""),
	    ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(json_keys_read, "{\"", "k", KEYED_KEY_MAX, "\":1}"), ERR_OK);
	assert_int_equal(keys_refused_long(json_keys_read, "{\"", "k", KEYED_KEY_MAX + 1, "\":1}"),
	    ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(json_keys_read, "\"", "v", COMPONENT_VALUE_MAX - 2, "\""), ERR_OK);
	assert_int_equal(
	    keys_refused_long(json_keys_read, "\"", "v", COMPONENT_VALUE_MAX - 1, "\""),
	    ERR_FORMAT_SIZE);
	assert_int_equal(
	    keys_refused_long(json_keys_read, "[0", ",1", KEYED_KEYS_MAX - 1, "]"), ERR_OK);
	assert_int_equal(
	    keys_refused_long(json_keys_read, "[0", ",1", KEYED_KEYS_MAX, "]"), ERR_FORMAT_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_are_as_spelled),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_what_stands_twice_is_seen_twice),
	    cmocka_unit_test(test_patterns_are_of_places),
	    cmocka_unit_test(test_what_is_no_json),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
