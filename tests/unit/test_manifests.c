/* Policies one after the other: counted by their reports, and held against those expected. */
#include "tests/lib/vectors.h"

#include <stdio.h>

#include "log/walk/manifests.h"

#define HEX_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define HEX_B "00000000000000000000000000000000000000000000000000000000000000bb"
#define A     "trading@sha256:" HEX_A
#define B     "trading@sha256:" HEX_B

static struct digest
digest_of_hex(const char *hex)
{
	struct digest d;

	assert_int_equal(digest_from_hex(view_of_string(hex), &d), ERR_OK);
	return d;
}

static void
add(struct manifests *m, const char *hex, uint64_t index)
{
	const struct manifest_term term = {.manifest = digest_of_hex(hex), .index = index};

	assert_int_equal(manifests_add(m, &term), ERR_OK);
}

static enum outcome
take(struct manifests *m, const char *id, const char *words)
{
	struct reason r;

	reason_begin(&r);
	manifests_take_report(m, view_of_string(id), &r);
	if (strstr(r.text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, r.text);
	return r.outcome;
}

static void
test_reports_are_counted_by_the_newest(void **state)
{
	struct manifests m = {.count = 0};

	(void)state;
	add(&m, HEX_A, 1);
	assert_int_equal(take(&m, A, ""), OUTCOME_GOOD);
	assert_int_equal(take(&m, A, ""), OUTCOME_GOOD);
	add(&m, HEX_B, 5);
	assert_int_equal(take(&m, B, ""), OUTCOME_GOOD);
	add(&m, HEX_A, 7);
	assert_int_equal(take(&m, A, ""), OUTCOME_GOOD);
	assert_int_equal(m.count, 3);
	assert_int_equal(m.term[0].reports, 2);
	assert_string_equal(m.term[0].name, A);
	assert_int_equal(m.term[1].reports, 1);
	assert_int_equal(m.term[2].reports, 1);
	assert_int_equal(m.term[2].index, 7);
	manifests_free(&m);
}

static void
test_another_policy_than_the_newest_is_bad(void **state)
{
	struct manifests m = {.count = 0};

	(void)state;
	assert_int_equal(take(&m, A, "no manifest is in force"), OUTCOME_BAD);
	add(&m, HEX_A, 1);
	add(&m, HEX_B, 2);
	assert_int_equal(take(&m, A, "expected " HEX_B ", found " HEX_A), OUTCOME_BAD);
	assert_int_equal(take(&m, "trading@sha512:" HEX_B, "names no manifest"), OUTCOME_BAD);
	assert_int_equal(take(&m, HEX_B, "names no manifest"), OUTCOME_BAD);
	assert_string_equal(m.term[1].name, "");
	assert_int_equal(m.term[1].reports, 3);
	manifests_free(&m);
}

/* The name is the signer's choice; the digest is the policy. */
static void
test_one_policy_may_have_two_names(void **state)
{
	struct manifests m = {.count = 0};

	(void)state;
	add(&m, HEX_A, 1);
	assert_int_equal(take(&m, A, ""), OUTCOME_GOOD);
	assert_int_equal(take(&m, "other@sha256:" HEX_A, ""), OUTCOME_GOOD);
	assert_string_equal(m.term[0].name, A);
	manifests_free(&m);
}

static void
test_only_those_named_are_expected(void **state)
{
	const struct digest a = digest_of_hex(HEX_A);
	struct manifests m = {.expected = {&a, 1}}, any = {.count = 0};

	(void)state;
	add(&m, HEX_A, 1);
	add(&m, HEX_B, 2);
	assert_true(m.term[0].expected);
	assert_false(m.term[1].expected);
	add(&any, HEX_B, 1);
	assert_true(any.term[0].expected);
	manifests_free(&m);
	manifests_free(&any);
}

static void
test_of_many_the_first_and_the_newest_are_kept(void **state)
{
	struct manifests m = {.count = 0};

	(void)state;
	for (uint64_t i = 0; i < MANIFESTS_MAX + 10; i++)
		add(&m, i % 2 == 0 ? HEX_A : HEX_B, i);
	assert_int_equal(m.count, MANIFESTS_MAX);
	assert_int_equal(m.others, 10);
	assert_int_equal(m.term[MANIFESTS_MAX - 2].index, MANIFESTS_MAX - 2);
	assert_int_equal(m.term[MANIFESTS_MAX - 1].index, MANIFESTS_MAX + 9);
	assert_int_equal(take(&m, B, ""), OUTCOME_GOOD);
	assert_int_equal(m.term[MANIFESTS_MAX - 1].reports, 1);
	manifests_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reports_are_counted_by_the_newest),
	    cmocka_unit_test(test_another_policy_than_the_newest_is_bad),
	    cmocka_unit_test(test_one_policy_may_have_two_names),
	    cmocka_unit_test(test_only_those_named_are_expected),
	    cmocka_unit_test(test_of_many_the_first_and_the_newest_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
