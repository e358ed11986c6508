/* Values as patterns of a policy that match them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h wants these before it. */
#include <cmocka.h>

#include "policy/compile/policy_schema.h"
#include "signer/learn/yaml_text.h"

static void
expect(struct view value, const char *pattern)
{
	struct buf to = BUF_INIT;

	assert_true(yaml_pattern_append(value, &to));
	assert_int_equal(to.size, strlen(pattern));
	assert_memory_equal(to.data, pattern, to.size);
	buf_free(&to);
}

static void
test_patterns(void **state)
{
	(void)state;
	expect(VIEW_LITERAL(""), "\"\"");
	expect(VIEW_LITERAL("a b: #"), "\"a b: #\"");
	expect(VIEW_LITERAL("*?\\"), "\"\\\\*\\\\?\\\\\\\\\"");
	expect(VIEW_LITERAL("say \"x\""), "\"say \\\"x\\\"\"");
	expect(VIEW_LITERAL("z\xc3\xbc"), "\"z\xc3\xbc\"");
}

/* Nothing that nobody sees, and nothing that a policy may not have. */
static void
test_what_is_not_printable(void **state)
{
	(void)state;
	expect((struct view){(const uint8_t *)"a\0b", 3}, "\"a?b\"");
	expect(VIEW_LITERAL("\n\t"), "\"??\"");
	expect(VIEW_LITERAL("\xff"), "\"?\"");
	expect(VIEW_LITERAL("\xe2\x80\xaex"), "\"???x\"");
}

static void
test_limits(void **state)
{
	uint8_t longest[POLICY_PATTERN_MAX + 1];
	struct buf to = BUF_INIT;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_true(yaml_pattern_append((struct view){longest, POLICY_PATTERN_MAX}, &to));
	buf_clear(&to);
	assert_false(yaml_pattern_append((struct view){longest, POLICY_PATTERN_MAX + 1}, &to));
	longest[0] = '*';
	assert_false(yaml_pattern_append((struct view){longest, POLICY_PATTERN_MAX}, &to));
	assert_false(yaml_text_append(VIEW_LITERAL("a\n"), &to));
	assert_int_equal(to.size, 0);
	buf_free(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_what_is_not_printable),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
