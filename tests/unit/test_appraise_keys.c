/* Appraisal: what each key decides alone, where another finding would hide that it does not. */
#include <string.h>

#include "policy/appraisal/verdict.h"
#include "tests/unit/appraise_fixture.h"

#define HIDDEN "hmac-sha256:aaaaaaaaaaaaaaaa:" HEX("11111111")

/* One fact of the runtime, by these rules for it. */
static void
appraise_fact(struct bench *b, const char *rules, const char *name, const char *value)
{
	use(b, rules);
	begin(b, COMPONENT_RUNTIME);
	fact1(b, name, value);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
}

static void
test_what_is_absent_or_hidden_is_as_bad_as_what_does_not_match(void **state)
{
	static const struct {
		const char *outcome;
		enum report_status status;
	} cases[] = {
	    {"contraindicated", REPORT_CONTRAINDICATED},
	    {"warning", REPORT_WARNING},
	    {"none", REPORT_NONE},
	};
	static const char *const facts[][3] = {
	    {"other", "1", "absent-fact"},
	    {"uid", "2", "unmatched-fact"},
	    {"uid", HIDDEN, "redacted-fact"},
	};
	struct bench *b = *state;
	char rules[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < sizeof(facts) / sizeof(facts[0]); k++) {
			snprintf(rules, sizeof(rules),
			    "    runtime: {unmatched: %s, facts: [{name: uid, allow: [\"1\"]}]}\n",
			    cases[i].outcome);
			appraise_fact(b, rules, facts[k][0], facts[k][1]);
			expect_verdict(b, cases[i].status, 1);
			expect(b, "runtime", facts[k][2], "uid");
		}
}

/* A range is of no hidden value; that it was hidden is what is told. */
static void
test_ranges_of_hidden_values(void **state)
{
	static const char *const ranges[] = {
	    "number: \">= 0\"", "version: \">= 1\"", "date: \">= 2026-01-01\""};
	struct bench *b = *state;
	char rules[256];

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		snprintf(
		    rules, sizeof(rules), "    runtime: {facts: [{name: v, %s}]}\n", ranges[i]);
		appraise_fact(b, rules, "v", HIDDEN);
		expect(b, "runtime", "redacted-fact", "v");
	}
}

/* What is not known may be what is required. */
static void
test_a_kind_could_not_be_measured(void **state)
{
	struct bench *b = *state;

	use(b, "    require: []\n" SIMPLE_RULES);
	begin(b, COMPONENT_UNMEASURED);
	fact1(b, "missing", "firmware budget");
	end(b, COMPONENT_UNMEASURED);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "unmeasured", "unmeasured", "firmware");
	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_UNMEASURED);
	fact1(b, "missing", "executable budget");
	end(b, COMPONENT_UNMEASURED);
	conclude(b);
	assert_int_equal(b->verdict[COMPONENT_UNMEASURED]->outcome, REPORT_CONTRAINDICATED);
}

static void
test_nothing_could_be_measured(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_UNMEASURED);
	fact1(b, "reason", "no-process");
	end(b, COMPONENT_UNMEASURED);
	conclude(b);
	assert_int_equal(b->verdict[COMPONENT_UNMEASURED]->outcome, REPORT_CONTRAINDICATED);
	use(b, "    require: []\n" SIMPLE_RULES);
	begin(b, COMPONENT_UNMEASURED);
	fact1(b, "reason", "no-process");
	end(b, COMPONENT_UNMEASURED);
	conclude(b);
	assert_int_equal(b->verdict[COMPONENT_UNMEASURED]->outcome, REPORT_WARNING);
}

/* More warnings than a report shows do not hide that something lacks, or the other way round. */
static void
test_a_missing_component_stands_where_its_outcome_does(void **state)
{
	static const struct {
		const char *outcome;
		bool shown;
	} cases[] = {{"contraindicated", true}, {"none", false}};
	struct bench *b = *state;
	char rules[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(rules, sizeof(rules),
		    "    missing: %s\n    executable: {references: [old], unknown: warning}\n"
		    "    runtime: {facts: [{name: uid, allow: [\"1\"]}]}\n",
		    cases[i].outcome);
		use(b, rules);
		begin(b, COMPONENT_EXECUTABLE);
		for (char c = 'a'; c < 'a' + REPORT_FINDINGS_MAX; c++)
			file(b, (const char[]){'/', c, '\0'}, 'd');
		end(b, COMPONENT_EXECUTABLE);
		conclude(b);
		assert_int_equal(b->report.finding_total, REPORT_FINDINGS_MAX + 1);
		assert_true(
		    (find(b, "runtime", "missing-component", "") != NULL) == cases[i].shown);
	}
}

/* What holds nothing is as bad as what is missing. */
static void
test_an_empty_component(void **state)
{
	struct bench *b = *state;

	use(b, "    missing: warning\n" SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "executable", "empty-component", "");
}

/* The text of a link may be that of a file. */
static void
test_a_link_of_the_same_bytes_by_content(void **state)
{
	struct component_file f = {.path = VIEW_LITERAL("/opt/c"), .mode = 0100755};
	struct bench *b = *state;

	fixture_write(&b->fixture, "other", 0644, "link c.1 /lib/d\n");
	use(b, "    executable: {references: [lone], by: content}\n");
	digest_of("c.1", 3, &f.digest);
	begin(b, COMPONENT_EXECUTABLE);
	assert_int_equal(component_add_file(b->builder, &f), ERR_OK);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "unknown-file", "/opt/c");
}

#define SECOND_FAMILY "include: [{name: more, file: more.yaml}]\n"

static void
two_families(struct bench *b, const char *rules)
{
	static const char more[] =
	    "families:\n"
	    "  - {name: data, releases: [{name: one, file: one}, {name: two, file: two}]}\n"
	    "windows: [{family: data, from: one, to: two, until: " UNTIL "}]\n";
	char text[1024];

	fixture_write(&b->fixture, "more.yaml", 0644, more);
	fixture_write(&b->fixture, "one", 0644, HEX_A "  /data/a\n" HEX_A "  /data/b\n");
	fixture_write(&b->fixture, "two", 0644, HEX_B "  /data/a\n" HEX_B "  /data/b\n");
	snprintf(text, sizeof(text),
	    "    libraries: {references: [app, data]}\n%s"
	    "include: [{name: more, file: more.yaml}]\n",
	    rules);
	use(b, text);
	begin(b, COMPONENT_LIBRARIES);
	file(b, "/app/bin", 'b');
	file(b, "/app/conf", 'b');
	file(b, "/data/a", 'a');
	file(b, "/data/b", 'b');
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
}

static void
test_families_that_have_to_be_of_one_release_are_named(void **state)
{
	struct bench *b = *state;

	two_families(b, "    release: [app]\n");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	two_families(b, "    release: [app, data]\n");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "libraries", "mixed-release", "/data/b");
	two_families(b, "    release: [data]\n    mixed_release: warning\n");
	expect_verdict(b, REPORT_WARNING, 1);
}

static void
test_a_package_is_in_any_of_the_lists(void **state)
{
	static const char lists[] =
	    "    packages: {lists: [one, two]}\n"
	    "package_lists: [{name: one, file: l1}, {name: two, file: l2}]\n";
	struct bench *b = *state;

	fixture_write(&b->fixture, "l1", 0644, "dpkg a 1 amd64\n");
	fixture_write(&b->fixture, "l2", 0644, "dpkg b 1 amd64\n");
	use(b, lists);
	begin(b, COMPONENT_PACKAGES);
	fact(b, "dpkg", 2, (const char *const[]){"a 1 amd64", "b 1 amd64"});
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_what_is_absent_or_hidden_is_as_bad_as_what_does_not_match),
	    WITH_BENCH(test_ranges_of_hidden_values),
	    WITH_BENCH(test_a_kind_could_not_be_measured),
	    WITH_BENCH(test_nothing_could_be_measured),
	    WITH_BENCH(test_a_missing_component_stands_where_its_outcome_does),
	    WITH_BENCH(test_an_empty_component),
	    WITH_BENCH(test_a_link_of_the_same_bytes_by_content),
	    WITH_BENCH(test_families_that_have_to_be_of_one_release_are_named),
	    WITH_BENCH(test_a_package_is_in_any_of_the_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
