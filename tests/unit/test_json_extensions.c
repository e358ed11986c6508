/* Extension maps in JSON: any content in one spelling, read member by member. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/json/json_extensions.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
maps_of_every_value_are_taken(void **state)
{
	static const char *const good[] = {"{\"a\":1}", "{\"a\":\"\"}", "{\"a\":0,\"b\":true}",
	    "{\"a\":false}", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":9007199254740991}",
	    "{\"a\":[1,\"x\",true,[],{}]}", "{\"a\":[[[1]]]}", "{\"a\":{\"b\":{\"c\":{}}}}",
	    "{\"a\":[{\"b\":[1]}]}", "{\"a\":\"\\\"}\"}", "{\"-\":1,\"0\":1,\"a\":1,\"a-\":1}",
	    "{\"abcdefghijklmnopqrstuvwxyz-01234\":1}", "{\"a\":\"\xe2\x82\xac{[\\\\\"}"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(json_extensions_check(view_of_string(good[i])), ERR_OK);
}

static void
other_maps_are_refused(void **state)
{
	static const char *const bad[] = {"", "{", "{}", "[]", "1", "{\"a\"}", "{\"a\":}",
	    "{\"a\":1", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1}}", "{\"a\":1} ", " {\"a\":1}",
	    "{\"a\" :1}", "{\"a\": 1}", "{\"a\":1, \"b\":1}", "{\"b\":1,\"a\":1}",
	    "{\"a\":1,\"a\":1}", "{\"\":1}", "{\"A\":1}", "{\"a_b\":1}", "{\"a.b\":1}",
	    "{\"\\\\\":1}", "{\"abcdefghijklmnopqrstuvwxyz-012345\":1}", "{\"a\":null}",
	    "{\"a\":-1}", "{\"a\":1.5}", "{\"a\":1e1}", "{\"a\":01}", "{\"a\":9007199254740992}",
	    "{\"a\":True}", "{\"a\":tru}", "{\"a\":\"\n\"}", "{\"a\":\"\\n\"}",
	    "{\"a\":\"\\u0041\"}", "{\"a\":\"\xff\"}", "{\"a\":[1,]}", "{\"a\":[,1]}",
	    "{\"a\":[1 ,2]}", "{\"a\":[1}", "{\"a\":{\"b\":1,\"a\":1}}", "{\"a\":{\"B\":1}}",
	    "{\"a\":[[[[]]]]}", "{\"a\":[[[{}]]]}", "{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", "{'a':1}",
	    "{a:1}"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(json_extensions_check(view_of_string(bad[i])), ERR_FORMAT);
	assert_int_equal(json_extensions_check(V("{\"a\":\"\0\"}")), ERR_FORMAT);
}

/* `count` members "00" and on, behind `open` and with `close` behind them. */
static enum err
check_many(const char *open, unsigned count, const char *close)
{
	struct buf map = BUF_INIT;
	enum err e;

	buf_append_string(&map, open);
	for (unsigned i = 0; i < count; i++)
		buf_append_format(&map, "%s\"%02u\":1", i > 0 ? "," : "", i);
	buf_append_string(&map, close);
	e = json_extensions_check(buf_view(&map));
	buf_free(&map);
	return e;
}

/* A string that makes the whole map this large. */
static enum err
check_size(size_t size)
{
	struct buf map = BUF_INIT;
	enum err e;

	buf_append_string(&map, "{\"a\":\"");
	while (map.size < size - 2)
		buf_append_byte(&map, 'x');
	buf_append_string(&map, "\"}");
	assert_int_equal(map.size, size);
	e = json_extensions_check(buf_view(&map));
	buf_free(&map);
	return e;
}

static void
members_and_bytes_are_limited(void **state)
{
	(void)state;
	assert_int_equal(check_many("{", JSON_EXTENSIONS_KEYS_MAX, "}"), ERR_OK);
	assert_int_equal(check_many("{", JSON_EXTENSIONS_KEYS_MAX + 1, "}"), ERR_FORMAT);
	assert_int_equal(check_many("{\"a\":{", JSON_EXTENSIONS_KEYS_MAX, "}}"), ERR_OK);
	assert_int_equal(check_many("{\"a\":{", JSON_EXTENSIONS_KEYS_MAX + 1, "}}"), ERR_FORMAT);
	assert_int_equal(check_size(JSON_EXTENSIONS_SIZE_MAX), ERR_OK);
	assert_int_equal(check_size(JSON_EXTENSIONS_SIZE_MAX + 1), ERR_FORMAT);
}

/* Deeper than a recursion would bear, in as few bytes as it takes. */
static void
deep_nesting_is_refused_early(void **state)
{
	uint8_t deep[JSON_EXTENSIONS_SIZE_MAX];

	(void)state;
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{\"a\":", 5);
	assert_int_equal(json_extensions_check((struct view){deep, sizeof(deep)}), ERR_FORMAT);
}

static void
members_are_given_one_by_one(void **state)
{
	static const char *const expected[][2] = {{"a", "\"},\\\"{\""}, {"b", "[1,{\"x\":[2]}]"},
	    {"c", "true"}, {"d", "{}"}, {"e", "12"}};
	const struct view map = V("{\"a\":\"},\\\"{\",\"b\":[1,{\"x\":[2]}],\"c\":true,\"d\":{},"
				  "\"e\":12}");
	struct view rest = map, key, value;
	size_t count = 0;

	(void)state;
	assert_int_equal(json_extensions_check(map), ERR_OK);
	while (json_extensions_next(&rest, &key, &value)) {
		assert_in_range(count, 0, COUNT(expected) - 1);
		assert_true(view_equal(key, view_of_string(expected[count][0])));
		assert_true(view_equal(value, view_of_string(expected[count][1])));
		count++;
	}
	assert_int_equal(count, COUNT(expected));
	assert_false(json_extensions_next(&rest, &key, &value));
}

static void
a_map_is_taken_off_a_document(void **state)
{
	struct buf strings = BUF_INIT;
	struct json_reader r;
	struct view map;

	(void)state;
	json_read_begin(&r, V("{\"a\":\"\\\\\"},1"), &strings);
	assert_true(json_extensions_read(&r, &map));
	assert_true(view_equal(map, V("{\"a\":\"\\\\\"}")));
	assert_int_equal(json_read_end(&r, json_read_text(&r, ",1")), ERR_OK);
	buf_free(&strings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(maps_of_every_value_are_taken),
	    cmocka_unit_test(other_maps_are_refused),
	    cmocka_unit_test(members_and_bytes_are_limited),
	    cmocka_unit_test(deep_nesting_is_refused_early),
	    cmocka_unit_test(members_are_given_one_by_one),
	    cmocka_unit_test(a_map_is_taken_off_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
