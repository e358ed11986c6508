/* Appraisal: what was not measured, and what nobody judged. */
#include "tests/unit/appraise_fixture.h"

static void
test_missing_component(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old]}\n    host: {facts: [{name: a, allow: [b]}]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "host", "missing-component", "");
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 96);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
	use(b, "    missing: warning\n    require: [host]\n"
	       "    host: {facts: [{name: a, allow: [b]}]}\n    executable: {references: [old]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 32);
}

static void
test_skipped_rule(void **state)
{
	struct bench *b = *state;

	use(b, "    require: [executable]\n    executable: {references: [old]}\n"
	       "    host: {facts: [{name: a, allow: [b]}]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "host", "skipped-rule", "");
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 0);
}

static void
test_unchecked_component(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "packages", "unchecked-component", "");
	assert_true(b->report.not_checked[COMPONENT_PACKAGES]);
	assert_false(b->report.not_checked[COMPONENT_EXECUTABLE]);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 0);
}

static void
test_recorded_component(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old]}\n    recorded: [packages]\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_true(b->report.not_checked[COMPONENT_PACKAGES]);
}

static void
test_required_recorded_component_missing(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old]}\n    recorded: [packages]\n"
	       "    require: [executable, packages]\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "packages", "missing-component", "");
}

/* Only what nobody judges: whatever the outcomes are, that is not affirming. */
static void
test_nothing_judged_is_never_affirming(void **state)
{
	struct bench *b = *state;

	use(b, "    recorded: [packages]\n    require: [packages]\n"
	       "    executable: {references: [old]}\n");
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "executable", "skipped-rule", "");
	use(b, "    missing: none\n    executable: {references: [old]}\n"
	       "    recorded: [packages]\n");
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_NONE, 1);
}

/* A component `unmeasured` of one fact. */
static void
lacking(struct bench *b, const char *name, const char *const *values, size_t count)
{
	struct view list[4];

	begin(b, COMPONENT_UNMEASURED);
	for (size_t i = 0; i < count; i++)
		list[i] = view_of_string(values[i]);
	assert_int_equal(component_add_fact(b->builder,
			     &(struct component_fact){view_of_string(name), count, list}),
	    ERR_OK);
	end(b, COMPONENT_UNMEASURED);
}

static void
lack(struct bench *b, const char *name, const char *value)
{
	lacking(b, name, &value, 1);
}

static void
test_unmeasured_is_contraindicated_unless_the_policy_says_otherwise(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	lack(b, "reason", "no-process");
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "unmeasured", "unmeasured", "no-process");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	assert_false(b->report.not_checked[COMPONENT_UNMEASURED]);
	use(b, SIMPLE_RULES "    unmeasured: warning\n");
	lack(b, "reason", "no-process");
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	use(b, SIMPLE_RULES "    unmeasured: none\n    missing: warning\n");
	lack(b, "reason", "no-process");
	conclude(b);
	expect_verdict(b, REPORT_NONE, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 1);
}

static void
test_unmeasured_of_kinds(void **state)
{
	struct bench *b = *state;
	const char *const values[] = {"executable io", "packages memory", "tpm none", "executable"};

	use(b, SIMPLE_RULES "    unmeasured: none\n");
	lacking(b, "missing", values, 4);
	conclude(b);
	expect_verdict(b, REPORT_NONE, 4);
	expect(b, "unmeasured", "unmeasured", "packages");
	use(b, SIMPLE_RULES);
	lack(b, "missing", "packages io");
	conclude(b); /* not required: that is a warning; what it does not name is missing */
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "executable", "missing-component", "");
	expect(b, "unmeasured", "unmeasured", "packages");
	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	lack(b, "missing", "packages io");
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	lack(b, "missing", "tpm io"); /* a kind that is not known here is as one that is required */
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* Nobody gets a better verdict by saying something odd. */
static void
test_unmeasured_without_words(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_UNMEASURED);
	end(b, COMPONENT_UNMEASURED);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "unmeasured", "unmeasured", "");
	use(b, SIMPLE_RULES);
	lacking(b, "missing", NULL, 0);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use(b, "    executable: {references: [old]}\n    require: []\n");
	lack(b, "reason", "budget"); /* nothing is required, and nothing was judged */
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_missing_component),
	    WITH_BENCH(test_skipped_rule),
	    WITH_BENCH(test_unchecked_component),
	    WITH_BENCH(test_recorded_component),
	    WITH_BENCH(test_required_recorded_component_missing),
	    WITH_BENCH(test_nothing_judged_is_never_affirming),
	    WITH_BENCH(test_unmeasured_is_contraindicated_unless_the_policy_says_otherwise),
	    WITH_BENCH(test_unmeasured_of_kinds),
	    WITH_BENCH(test_unmeasured_without_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
