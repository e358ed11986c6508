/* Groups of a policy and its roll-out: what is refused, and what of it stands in the manifest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/policy_rollout.h"
#include "tests/unit/policy_fixture.h"

#define TOP "name: bank"

static void
test_a_rollout_stands_in_the_manifest(void **state)
{
	struct policy *p = accept(state, TOP, TOP "\nrollout: {from: " HEX_A "}");
	const struct view manifest = policy_object_at(p, 0)->content;
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(policy_rollout_from(p), hex);
	assert_string_equal(hex, HEX_A);
	assert_null(policy_older(p));
	assert_non_null(memmem(manifest.data, manifest.size, "\nrollout from " HEX_A "\n",
	    sizeof("\nrollout from " HEX_A "\n") - 1));
	policy_free(&p);
	p = accept(state, TOP, TOP);
	assert_null(policy_rollout_from(p));
	assert_int_equal(policy_group_count(p), 0);
	policy_free(&p);
	refuse(state, TOP, TOP "\nrollout: {from: abc}", 2, "the SHA-256 of the manifest in force");
	refuse(state, TOP, TOP "\nrollout: {}", 2, "from");
}

static void
test_groups(void **state)
{
	struct policy *p = accept(state, TOP,
	    TOP "\nrollout: {from: " HEX_A "}\ngroups:\n  - {name: a, collectors: [\"*\"]}\n"
		"  - {name: b, enforce: off}\n  - {name: c, enforce: warn}\n"
		"  - {name: d, enforce: on}");

	assert_int_equal(policy_group_count(p), 4);
	assert_true(view_equal(policy_group_name(p, 1), V("b")));
	assert_int_equal(policy_group_enforce(p, 0), REPORT_ENFORCE_ON);
	assert_int_equal(policy_group_enforce(p, 1), REPORT_ENFORCE_OFF);
	assert_int_equal(policy_group_enforce(p, 2), REPORT_ENFORCE_WARN);
	assert_int_equal(policy_group_enforce(p, 3), REPORT_ENFORCE_ON);
	policy_free(&p);
}

static void
test_what_is_refused_of_a_group(void **state)
{
	refuse(state, TOP, TOP "\ngroups: [{name: a, enforce: off}]", 2, "add \"rollout");
	refuse(state, TOP, TOP "\ngroups: [{name: a, enforce: warn}]", 2, "add \"rollout");
	refuse(state, TOP, TOP "\ngroups: [{name: a, enforce: yes}]", 2, "enforce");
	refuse(state, TOP, TOP "\ngroups: [{name: a}, {name: a}]", 2, "is named \"a\" too");
	refuse(state, TOP, TOP "\ngroups: [{name: a b}]", 2, "white space");
	refuse(state, TOP,
	    TOP "\nrollout: {from: \"sha256:" HEX_A "\"}\ngroups: [{name: a, enforce: off}]", 2,
	    "as `hallmark-signer policy show` and `status` tell it");
	refuse(state, TOP, TOP "\ngroups: [{collectors: [x]}]", 2, "name");
	refuse(state, TOP, TOP "\ngroups: [{name: a, workloads: [\"\\\\x\"]}]", 2, "backslash");
	refuse(state, TOP, TOP "\ngroups: [{name: a, facts: [{name: uid}]}]", 2, "demands nothing");
	refuse(state, TOP,
	    TOP "\ngroups: [{name: a, facts: [{name: uid, allow: [x], unmatched: none}]}]", 2,
	    "unmatched");
	refuse(state, TOP, TOP "\ngroups: []", 2, "groups");
}

static void
test_a_workload_names_one_that_is_there(void **state)
{
	char *grouped = fixture_replace(base, TOP, TOP "\ngroups: [{name: canary}, {name: rest}]");
	char *named = fixture_replace(grouped, "[host7.bank]", "[host7.bank]\n    group: canary");
	char *misspelt =
	    fixture_replace(grouped, "[host7.bank]", "[host7.bank]\n    group: canari");
	struct policy *p = accept_text(state, named);

	policy_free(&p);
	assert_null(load(*state, misspelt));
	fixture_expect_count(*state, 1);
	fixture_expect(*state, 12, "did you mean \"canary\"?");
	free(grouped);
	free(named);
	free(misspelt);
	refuse(state, "[host7.bank]", "[host7.bank]\n    group: canary", 11,
	    "no group is named \"canary\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_rollout_stands_in_the_manifest, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_groups, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_what_is_refused_of_a_group, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_workload_names_one_that_is_there, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
