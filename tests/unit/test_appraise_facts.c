/* Appraisal: what a policy can demand of a fact. */
#include "tests/unit/appraise_fixture.h"

/* Under the rule `demand` for the fact `f` with these values; "" where nothing is found. */
static const char *
detail(struct bench *b, const char *demand, size_t count, const char *const *values)
{
	char policy[512];

	(void)snprintf(policy, sizeof(policy),
	    "    runtime: {facts: [{name: f, %s}], unmatched: warning}\n", demand);
	use(b, policy);
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact(b, "f", count, values);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	if (b->report.finding_total == 0) {
		assert_int_equal(b->report.status, REPORT_AFFIRMING);
		return "";
	}
	expect_verdict(b, REPORT_WARNING, 1);
	return expect(b, "runtime", "unmatched-fact", "f");
}

static void
test_values_in_their_order(void **state)
{
	static const char *const values[] = {"app", "--verify", "--limit=100", "--verify"};
	static const char demand[] = "equals: [app, --verify, \"--limit=*\"]";
	struct bench *b = *state;

	assert_string_equal(detail(b, demand, 3, values), "");
	assert_string_equal(detail(b, demand, 2, values),
	    "expected just \"app\" \"--verify\" \"--limit=*\", found none in place 3");
	assert_string_equal(detail(b, demand, 4, values),
	    "expected just \"app\" \"--verify\" \"--limit=*\", found \"--verify\" in place 4");
	assert_string_equal(detail(b, "equals: [\"--*\", app]", 2, values),
	    "expected just \"--*\" \"app\", found \"app\" in place 1");
	assert_string_equal(detail(b, "equals: []", 0, NULL), "");
	assert_string_equal(
	    detail(b, "equals: []", 1, values), "expected just no value, found \"app\" in place 1");
	assert_string_equal(
	    detail(b, "equals: [\"\"]", 0, NULL), "expected just \"\", found none in place 1");
}

static void
test_values_that_must_be_there_or_must_not(void **state)
{
	static const char *const values[] = {"TLS=1", "LD_PRELOAD=x", "PYTHONPATH="};
	struct bench *b = *state;

	assert_string_equal(detail(b, "require: [\"TLS=1\", \"PYTHONPATH=\"]", 3, values), "");
	assert_string_equal(detail(b, "require: [\"TLS=1\", \"PYTHONPATH=\"]", 2, values),
	    "expected a value \"PYTHONPATH=\", found none");
	assert_string_equal(
	    detail(b, "require: [\"\"]", 0, NULL), "expected a value \"\", found none");
	assert_string_equal(detail(b, "deny: [\"LD_*\"]", 1, values), "");
	assert_string_equal(detail(b, "deny: [x, \"LD_*\"]", 3, values),
	    "expected no \"LD_*\", found \"LD_PRELOAD=x\"");
	assert_string_equal(detail(b, "deny: [\"*\"]", 0, NULL), "");
	assert_string_equal(detail(b, "count: \"= 2\"", 2, values), "");
	assert_string_equal(detail(b, "count: \">= 3, <= 4\"", 2, values),
	    "expected a number of values >= 3, <= 4, found 2");
	/* The first condition that does not hold is told, whatever stands first. */
	assert_string_equal(detail(b, "deny: [\"*\"], allow: [x], require: [y]", 1, values),
	    "expected a value \"y\", found none");
}

static void
test_words_of_some_values(void **state)
{
	static const char *const values[] = {
	    "openssl 3.0.15-1~deb12u1 amd64", "libc6 2.36-9 amd64", "openssl-x 1 all"};
	struct bench *b = *state;
	const char *of =
	    "where: \"openssl *\", word: 2, version: \">= 3.0.15-1\", require: [\"*\"]";

	assert_string_equal(
	    detail(b, "where: \"openssl *\", word: 2, version: \">= 3.0.14, < 3.1\"", 3, values),
	    "");
	assert_string_equal(
	    detail(b, of, 3, values), "expected a version >= 3.0.15-1, found \"3.0.15-1~deb12u1\"");
	assert_string_equal(detail(b, of, 1, values + 1), "expected a value \"*\", found none");
	assert_string_equal(
	    detail(b, "where: \"openssl *\", word: 2, version: \">= 1\"", 1, values + 1),
	    "expected a version >= 1, found \"\"");
	assert_string_equal(detail(b, "word: 3, allow: [amd64, all]", 3, values), "");
	assert_string_equal(detail(b, "word: 4, allow: [\"\"]", 3, values), "");
	assert_string_equal(detail(b, "word: 1, allow: [libc6]", 3, values),
	    "expected \"libc6\", found \"openssl\" and 1 more");
}

static void
test_numbers_and_dates(void **state)
{
	static const char *const values[] = {"1000", "1001", "\"7", "010", "64 MiB", "2026-11-30"};
	struct bench *b = *state;

	assert_string_equal(detail(b, "number: \"<= 1000\"", 1, values), "");
	assert_string_equal(detail(b, "number: \"<= 1000\"", 4, values),
	    "expected a number <= 1000, found \"1001\" and 2 more");
	assert_string_equal(
	    detail(b, "number: \"<= 1000\"", 0, NULL), "expected a number <= 1000, found \"\"");
	assert_string_equal(detail(b, "number: \"> 0.5 GiB\"", 1, values + 4),
	    "expected a number > 0.5 GiB, found \"64 MiB\"");
	assert_string_equal(detail(b, "date: \">= 2026-11-30T00:00:00Z\"", 1, values + 5), "");
	assert_string_equal(detail(b, "date: \"> 2026-11-30\"", 1, values + 5),
	    "expected a date > 2026-11-30, found \"2026-11-30\"");
}

/* Each demand of one fact is a finding of its own, with its own outcome. */
static void
test_a_fact_with_two_demands(void **state)
{
	static const char *const values[] = {"a 1", "b 2"};
	struct bench *b = *state;

	use(b, "    runtime:\n      unmatched: warning\n      facts:\n"
	       "        - {name: f, where: \"b *\", word: 2, number: \"< 2\"}\n"
	       "        - {name: f, where: \"a *\", word: 2, number: \"< 1\", unmatched: "
	       "contraindicated}\n"
	       "        - {name: f, where: \"a *\", word: 1, allow: [a]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "f", 2, values);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	assert_string_equal(
	    expect(b, "runtime", "unmatched-fact", "f"), "expected a number < 1, found \"1\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_values_in_their_order),
	    WITH_BENCH(test_values_that_must_be_there_or_must_not),
	    WITH_BENCH(test_words_of_some_values),
	    WITH_BENCH(test_numbers_and_dates),
	    WITH_BENCH(test_a_fact_with_two_demands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
