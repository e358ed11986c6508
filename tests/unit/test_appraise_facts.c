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

static void
test_facts(void **state)
{
	static const char *const uids[] = {"1000", "1000", "0", "7"};
	struct bench *b = *state;

	use(b, "    runtime:\n      facts:\n"
	       "        - {name: uid, allow: [\"1000\", \"1001\"]}\n"
	       "        - {name: tracer, allow: [\"0\"]}\n"
	       "        - {name: cwd, allow: [\"/srv/*\"]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "uid", 2, uids);
	fact1(b, "tracer", "0");
	fact1(b, "cwd", "/srv/a/b");
	fact1(b, "not-named", "anything");
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 2);
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact(b, "uid", 4, uids);
	fact1(b, "cwd", "/srv");
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 3);
	assert_string_equal(expect(b, "runtime", "unmatched-fact", "uid"),
	    "expected \"1000\" or \"1001\", found \"0\" and 1 more");
	expect(b, "runtime", "unmatched-fact", "cwd");
	assert_string_equal(
	    expect(b, "runtime", "absent-fact", "tracer"), "the fact was not measured");
}

static void
test_the_view_of_a_foreign_namespace_is_accepted_by_name_only(void **state)
{
	static const char *const threads[] = {"foreign", "host"};
	struct bench *b = *state;

	use(b, "    runtime: {facts: [{name: uid, allow: [\"1\"]}], unmatched: warning}\n");
	for (size_t i = 0; i < 2; i++) {
		clear(b);
		begin(b, COMPONENT_RUNTIME);
		fact1(b, "uid", "1");
		fact1(b, "namespace_mount", i == 0 ? "host" : "own");
		fact1(b, "namespace_user", "foreign");
		end(b, COMPONENT_RUNTIME);
		conclude(b);
		expect_verdict(b, REPORT_AFFIRMING, 0);
	}
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "uid", "1");
	fact(b, "namespace_mount", 2, threads);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "runtime", "unmatched-fact", "namespace_mount"),
	    "expected \"host\" or \"own\", found \"foreign\"");
	use(b, "    runtime: {facts: [{name: namespace_mount, allow: [foreign, host]}]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "namespace_mount", 2, threads);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	use(b, "    host: {facts: [{name: uid, allow: [\"1\"]}]}\n");
	begin(b, COMPONENT_HOST);
	fact1(b, "uid", "1");
	fact1(b, "namespace_mount", "foreign");
	end(b, COMPONENT_HOST);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

static void
test_fact_without_values_is_empty(void **state)
{
	struct bench *b = *state;

	use(b, "    runtime: {facts: [{name: environment, allow: [\"\"]}]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "environment", 0, NULL);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "environment", "LD_PRELOAD=/evil.so");
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use(b, "    runtime: {facts: [{name: environment, allow: [\"?*\"]}]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "environment", 0, NULL);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(
	    expect(b, "runtime", "unmatched-fact", "environment"), "expected \"?*\", found \"\"");
}

#define HIDDEN(id, digit)                                                                          \
	"hmac-sha256:00000000000000" id ":" digit "0000000000000000000000000000000"                \
	"00000000000000000000000000000000"
#define KNOWN HIDDEN("aa", "1")

static void
arguments(struct bench *b, const char *demands, size_t count, const char *const *values)
{
	struct buf rule = BUF_INIT;

	buf_append_format(&rule, "    runtime: {facts: [%s]}\n", demands);
	buf_append_byte(&rule, '\0');
	use(b, (const char *)rule.data);
	buf_free(&rule);
	begin(b, COMPONENT_RUNTIME);
	fact(b, "arguments", count, values);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
}

/* Bytes against bytes, and patterns against none of it: not even one that says "whatever". */
static void
test_what_is_hidden_is_compared_as_it_stands(void **state)
{
	static const char *const values[] = {KNOWN, "plain", HIDDEN("aa", "2")};
	static const char *const good[] = {"{name: arguments, allow: [\"" KNOWN
					   "\", \"pl*\", \"" HIDDEN("aa", "2") "\"]}",
	    "{name: arguments, equals: [\"" KNOWN "\", \"pl*\", \"" HIDDEN("aa", "2") "\"]}",
	    "{name: arguments, require: [\"" KNOWN "\", plain]}",
	    "{name: arguments, require: [plain], count: \"= 3\"}",
	    "{name: arguments, deny: [\"--debug\"]}, {name: arguments, require: [\"" KNOWN
	    "\", \"" HIDDEN("aa", "2") "\"]}",
	    "{name: arguments, where: \"pl*\", count: \"= 1\"}, {name: arguments, require: "
	    "[\"" KNOWN "\", \"" HIDDEN("aa", "2") "\"]}"};
	static const struct {
		const char *demands, *code;
	} bad[] = {
	    {"{name: arguments, allow: [\"*\"]}", "redacted-fact"},
	    {"{name: arguments, equals: [\"*\", \"*\", \"*\"]}", "redacted-fact"},
	    {"{name: arguments, deny: [\"--debug\"]}", "redacted-fact"},
	    {"{name: arguments, where: \"pl*\", allow: [\"pl*\"]}", "redacted-fact"},
	    {"{name: arguments, where: \"0*\", number: \">= 0\"}", "redacted-fact"},
	    {"{name: arguments, where: \"x*\", count: \"= 0\"}", "redacted-fact"},
	    {"{name: arguments, require: [\"hmac*\"]}", "unmatched-fact"},
	    {"{name: arguments, require: [\"" HIDDEN("bb", "1") "\"]}", "unmatched-fact"},
	    {"{name: arguments, deny: [\"" KNOWN "\", \"" HIDDEN("aa", "2") "\"]}",
		"unmatched-fact"},
	    {"{name: arguments, equals: [plain, \"" KNOWN "\", \"" HIDDEN("aa", "2") "\"]}",
		"unmatched-fact"},
	    {"{name: arguments, where: \"" KNOWN "\", word: 2, allow: [\"\"]}", "redacted-fact"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		arguments(b, good[i], 3, values);
		expect_verdict(b, REPORT_AFFIRMING, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arguments(b, bad[i].demands, 3, values);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "runtime", bad[i].code, "arguments");
	}
}

/* Which value, and whether the policy was made with another key. */
static void
test_hidden_values_that_are_not_named_are_told(void **state)
{
	static const char *const values[] = {"a", KNOWN};
	struct bench *b = *state;

	arguments(b, "{name: arguments, allow: [a, \"" HIDDEN("aa", "2") "\"]}", 2, values);
	assert_string_equal(expect(b, "runtime", "redacted-fact", "arguments"),
	    "expected only hidden values that the policy names, found \"" KNOWN "\"");
	arguments(b, "{name: arguments, allow: [a, \"" HIDDEN("bb", "1") "\"]}", 2, values);
	assert_string_equal(expect(b, "runtime", "redacted-fact", "arguments"),
	    "expected only hidden values that the policy names, found \"" KNOWN
	    "\", and it names none under its key");
	/* A word of a hidden value is no other value. */
	arguments(b,
	    "{name: arguments, word: 2, allow: [\"\"]}, {name: arguments, require: [\"" KNOWN
	    "\"]}",
	    2, values);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "runtime", "unmatched-fact", "arguments");
}
#undef HIDDEN
#undef KNOWN

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_values_in_their_order),
	    WITH_BENCH(test_values_that_must_be_there_or_must_not),
	    WITH_BENCH(test_words_of_some_values),
	    WITH_BENCH(test_numbers_and_dates),
	    WITH_BENCH(test_a_fact_with_two_demands),
	    WITH_BENCH(test_facts),
	    WITH_BENCH(test_the_view_of_a_foreign_namespace_is_accepted_by_name_only),
	    WITH_BENCH(test_fact_without_values_is_empty),
	    WITH_BENCH(test_what_is_hidden_is_compared_as_it_stands),
	    WITH_BENCH(test_hidden_values_that_are_not_named_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
