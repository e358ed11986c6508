/* Judgements that are remembered: found by rule and policy, forgotten by age of use, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "policy/appraisal/verdict.h"
#include "signer/session/verdicts.h"

static const struct policy_rule *const rule_a = (const struct policy_rule *)(const void *)"a";
static const struct policy_rule *const rule_b = (const struct policy_rule *)(const void *)"b";

/* One with a finding, whose subject has `size` bytes. */
static struct component_verdict *
make(size_t size, uint64_t valid_until_s)
{
	struct verdict_builder b;
	struct component_verdict *v;

	verdict_begin(&b, COMPONENT_FILES, NULL);
	buf_reserve(&b.words, size);
	b.valid_until_s = valid_until_s;
	assert_int_equal(verdict_end(&b, &v), ERR_OK);
	return v;
}

static void
keep(struct verdicts *all, struct verdict **list, const struct policy_rule *rule,
    uint64_t generation, size_t size)
{
	assert_int_equal(verdicts_keep(all, list, rule, generation, make(size, 100)), ERR_OK);
}

static void
test_found_by_rule_policy_and_time(void **state)
{
	struct verdicts all = {0};
	struct verdict *list = NULL;

	(void)state;
	keep(&all, &list, rule_a, 1, 0);
	assert_non_null(verdicts_find(&all, &list, rule_a, 1, 99));
	assert_null(verdicts_find(&all, &list, rule_a, 1, 100));
	assert_null(verdicts_find(&all, &list, rule_a, 2, 99));
	assert_null(verdicts_find(&all, &list, rule_b, 1, 99));
	keep(&all, &list, rule_b, 1, 0);
	assert_non_null(verdicts_find(&all, &list, rule_a, 1, 99));
	assert_non_null(verdicts_find(&all, &list, rule_b, 1, 99));
	verdicts_free(&all);
	assert_null(verdicts_find(&all, &list, rule_a, 1, 99));
	assert_int_equal(all.bytes, 0);
	assert_null(all.oldest);
	assert_null(all.newest);
}

static void
test_another_policy_replaces_all(void **state)
{
	struct verdicts all = {0};
	struct verdict *list = NULL;
	size_t one;

	(void)state;
	keep(&all, &list, rule_a, 1, 0);
	one = all.bytes;
	keep(&all, &list, rule_b, 1, 0);
	keep(&all, &list, rule_a, 2, 0);
	assert_int_equal(all.bytes, one);
	assert_null(verdicts_find(&all, &list, rule_b, 1, 0));
	keep(&all, &list, rule_a, 2, 0);
	assert_int_equal(all.bytes, one);
	verdicts_free(&all);
}

static void
test_the_bound_takes_what_was_used_longest_ago(void **state)
{
	enum { COUNT = 5 };
	const size_t quarter = VERDICTS_BYTES_MAX / 4;
	struct verdicts all = {0};
	struct verdict *list[COUNT] = {NULL};

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		keep(&all, &list[i], rule_a, 1, quarter);
		/* The first stays in use. */
		assert_non_null(verdicts_find(&all, &list[0], rule_a, 1, 0));
	}
	verdicts_trim(&all);
	assert_true(all.bytes <= VERDICTS_BYTES_MAX);
	assert_non_null(verdicts_find(&all, &list[0], rule_a, 1, 0));
	assert_null(verdicts_find(&all, &list[1], rule_a, 1, 0));
	assert_null(verdicts_find(&all, &list[2], rule_a, 1, 0));
	assert_non_null(verdicts_find(&all, &list[4], rule_a, 1, 0));
	verdicts_free(&all);
	for (unsigned i = 0; i < COUNT; i++)
		assert_null(list[i]);
	assert_int_equal(all.bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_found_by_rule_policy_and_time),
	    cmocka_unit_test(test_another_policy_replaces_all),
	    cmocka_unit_test(test_the_bound_takes_what_was_used_longest_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
