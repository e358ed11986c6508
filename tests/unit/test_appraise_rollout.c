/* Groups, and a policy that is rolled out beside the one before it. */
#include "policy/policy_rollout.h"
#include "proto/evidence/redacted.h"
#include "tests/unit/appraise_fixture.h"

#define STRICT  "    executable: {references: [new]}\n"
#define LENIENT "    executable: {references: [old, new]}\n"
#define HIDDEN  REDACTED_PREFIX "0000000000000001:" HEX_A

static enum report_enforce enforce;

/* A policy of these groups, and of one entry; `older`: rolled out against one of that entry. */
static void
use_groups(struct bench *b, const char *groups, const char *rules, const char *older)
{
	struct policy *before = NULL;
	char text[4096], hex[DIGEST_HEX_SIZE + 1];
	size_t size;

	policy_free(&b->policy);
	if (older != NULL) {
		use(b, older);
		before = b->policy; /* moved */
		b->policy = NULL;
		digest_to_hex(policy_manifest_digest(before), hex);
	}
	size = (size_t)snprintf(text, sizeof(text),
	    "name: q\n%s%s%sreferences:\n  - {name: old, file: old}\n  - {name: new, file: new}\n"
	    "groups:\n%s"
	    "workloads:\n  - match: app\n    collectors: [c]\n    recorded: [runtime]\n%s",
	    older != NULL ? "rollout: {from: " : "", older != NULL ? hex : "",
	    older != NULL ? "}\n" : "", groups, rules);
	assert_true(size < sizeof(text));
	fixture_write(&b->fixture, "policy.yaml", 0644, text);
	if (policy_load(b->fixture.path, &b->fixture.faults, &b->policy) != ERR_OK)
		fixture_expect_count(&b->fixture, 0);
	assert_int_equal(policy_inherit_older(b->policy, &before), true);
	assert_null(before);
	b->rule = policy_find(b->policy, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	clear(b);
	b->in.collector = VIEW_LITERAL("c");
}

static void
program(struct bench *b, char digit)
{
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", digit);
	end(b, COMPONENT_EXECUTABLE);
}

static void
expect_group(struct bench *b, const char *group)
{
	struct view found;

	conclude(b);
	enforce = appraise_enforce(b->rule, &b->in, &found);
	assert_true(view_equal(found, view_of_string(group)));
	assert_true(view_equal(b->report.group, found));
	assert_int_equal(b->report.rollout.enforce, REPORT_ENFORCE_ON);
}

/* Both, as a signer does. */
static void
conclude_both(struct bench *b)
{
	const struct policy *older = policy_older(b->policy);
	const struct policy_rule *rule = b->rule;
	const struct appraise_input by_newer = b->in;
	struct view group;

	conclude(b);
	enforce = appraise_enforce(rule, &b->in, &group);
	b->rule = policy_find_older(b->policy, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	assert_non_null(b->rule);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_verdict_free(&b->verdict[k]);
		if (b->component[k] != NULL)
			assert_int_equal(
			    appraise_component(b->rule, NULL, b->component[k], NOW, &b->verdict[k]),
			    ERR_OK);
		b->in.component[k] = b->verdict[k];
	}
	appraise_conclude_older(older, b->rule, enforce, &b->in, &b->storage, &b->report);
	assert_int_equal(buf_status(&b->storage), ERR_OK);
	assert_int_equal(report_check(&b->report), ERR_OK);
	assert_true(view_equal(b->report.policy_id, policy_id(b->policy)));
	assert_true(view_equal(b->report.rollout.decided, policy_id(older)));
	b->rule = rule;
	b->in = by_newer;
}

static void
test_the_first_group_that_matches(void **state)
{
	struct bench *b = *state;

	use_groups(b,
	    "  - {name: by-name}\n"
	    "  - {name: canary, collectors: [\"spiffe://t/canary-*\"]}\n"
	    "  - {name: both, collectors: [c], workloads: [\"other\"]}\n"
	    "  - {name: apps, workloads: [\"x\", \"a*\"]}\n"
	    "  - {name: rest, workloads: [\"*\"]}\n",
	    STRICT, NULL);
	program(b, 'b');
	expect_group(b, "apps");
	b->in.collector = VIEW_LITERAL("spiffe://t/canary-1");
	expect_group(b, "canary");
	b->in.collector = VIEW_LITERAL("spiffe://t/canary-1/x");
	expect_group(b, "apps");
}

static void
test_a_workload_names_its_own(void **state)
{
	struct bench *b = *state;

	use_groups(b, "  - {name: apps, workloads: [\"*\"]}\n  - {name: own}\n",
	    STRICT "    group: own\n", NULL);
	program(b, 'b');
	expect_group(b, "own");
}

/* Of a container, as far as it is one; whoever hides that is in no group. */
static void
test_a_group_by_what_was_measured(void **state)
{
	struct bench *b = *state;

	use_groups(b,
	    "  - {name: pods, facts: [{name: container_pod, require: [\"canary/*\"]}]}\n"
	    "  - {name: rest, workloads: [\"*\"]}\n",
	    STRICT, NULL);
	program(b, 'b');
	expect_group(b, "");
	assert_int_equal(enforce, REPORT_ENFORCE_ON);
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "container_pod", "canary/one");
	end(b, COMPONENT_RUNTIME);
	expect_group(b, "pods");
	clear(b);
	program(b, 'b');
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "container_pod", "prod/one");
	end(b, COMPONENT_RUNTIME);
	expect_group(b, "rest");
	clear(b);
	program(b, 'b');
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "uid", "0");
	end(b, COMPONENT_RUNTIME);
	expect_group(b, "rest");
}

static void
test_hidden_facts_tell_no_group(void **state)
{
	struct bench *b = *state;

	use_groups(b,
	    "  - {name: pods, facts: [{name: container_pod, allow: [\"canary/*\"]}, {name: uid, "
	    "allow: [\"0\"]}]}\n"
	    "  - {name: rest, workloads: [\"*\"]}\n",
	    STRICT, NULL);
	program(b, 'b');
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "container_pod", HIDDEN);
	fact1(b, "uid", "0");
	end(b, COMPONENT_RUNTIME);
	expect_group(b, "");
	clear(b);
	program(b, 'b');
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "container_pod", HIDDEN);
	fact1(b, "uid", "1");
	end(b, COMPONENT_RUNTIME);
	expect_group(b, "rest");
}

#define REST(says) "  - {name: rest, workloads: [\"*\"], enforce: " says "}\n"

static void
test_off_the_older_decides(void **state)
{
	struct bench *b = *state;

	use_groups(b, REST("\"off\""), STRICT, LENIENT);
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.rollout.enforce, REPORT_ENFORCE_OFF);
	assert_int_equal(b->report.rollout.status, REPORT_CONTRAINDICATED);
	assert_int_equal(b->report.rollout.finding_total, 1);
	use_groups(b, REST("\"off\""), LENIENT, STRICT);
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_int_equal(b->report.rollout.status, REPORT_AFFIRMING);
}

/* Lowered, never raised, and to `warning` at most. */
static void
test_warn_lowers(void **state)
{
	struct bench *b = *state;

	use_groups(b, REST("warn"), STRICT, LENIENT);
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "stricter-policy", ""),
	    "the policy in force gives contraindicated, with 1 findings, and only warns in this "
	    "group");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
	clear(b);
	program(b, 'b');
	conclude_both(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	use_groups(b, REST("warn"), LENIENT, STRICT);
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use_groups(
	    b, REST("warn"), "    executable: {references: [new], changed: none}\n", LENIENT);
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_NONE, 1);
	use_groups(
	    b, REST("warn"), STRICT, "    executable: {references: [new], changed: warning}\n");
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_WARNING, 2);
}

/* What it rolled out itself, and how, is as if it had not been said. */
static void
test_the_older_ones_own_groups_say_nothing(void **state)
{
	struct bench *b = *state;
	struct policy *oldest, *middle, *newest = NULL;

	use_groups(b, REST("\"off\""), STRICT, LENIENT);
	middle = b->policy; /* moved */
	b->policy = NULL;
	oldest = NULL;
	assert_non_null(policy_older(middle));
	assert_true(policy_inherit_older(middle, &oldest));
	{
		char text[1024], hex[DIGEST_HEX_SIZE + 1];

		digest_to_hex(policy_manifest_digest(middle), hex);
		(void)snprintf(text, sizeof(text),
		    "name: n\nrollout: {from: %s}\nreferences: [{name: old, file: old}]\n"
		    "groups:\n" REST("\"off\"") "workloads:\n  - match: app\n    collectors: [c]\n"
						"    executable: {references: [old]}\n",
		    hex);
		fixture_write(&b->fixture, "policy.yaml", 0644, text);
		assert_int_equal(policy_load(b->fixture.path, &b->fixture.faults, &newest), ERR_OK);
	}
	assert_true(policy_inherit_older(newest, &middle));
	assert_null(middle);
	assert_null(policy_older(policy_older(newest)));
	b->policy = newest; /* moved */
	b->rule = policy_find(b->policy, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	clear(b);
	program(b, 'a');
	conclude_both(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_int_equal(b->report.rollout.status, REPORT_AFFIRMING);
}

/* A policy that is not the one that is named is not taken for it. */
static void
test_another_one_is_not_inherited(void **state)
{
	struct bench *b = *state;
	struct policy *newer, *other = NULL;

	use_groups(b, REST("\"off\""), STRICT, LENIENT);
	newer = b->policy; /* moved */
	b->policy = NULL;
	use(b, STRICT);
	other = b->policy; /* moved */
	b->policy = NULL;
	assert_true(policy_inherit_older(newer, &other));
	assert_non_null(other);
	policy_free(&newer);
	fixture_write(&b->fixture, "policy.yaml", 0644,
	    "name: n\nrollout: {from: " HEX_A "}\nreferences: [{name: old, file: old}]\n"
	    "workloads: [{match: app, collectors: [c], executable: {references: [old]}}]\n");
	assert_int_equal(policy_load(b->fixture.path, &b->fixture.faults, &newer), ERR_OK);
	assert_false(policy_inherit_older(newer, &other));
	assert_non_null(other);
	assert_null(policy_older(newer));
	policy_free(&other);
	policy_free(&newer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_the_first_group_that_matches, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_workload_names_its_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_group_by_what_was_measured, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hidden_facts_tell_no_group, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_off_the_older_decides, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_warn_lowers, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_the_older_ones_own_groups_say_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_another_one_is_not_inherited, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
