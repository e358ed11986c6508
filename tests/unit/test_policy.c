/* Loading of policies, and every fault of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

static void
test_find(void **state)
{
	struct policy *p = accept(state, "bank", "bank");
	const struct policy_rule *one, *two;

	one = policy_find(p, V("trading-7"), V("spiffe://bank/host/a"));
	assert_non_null(one);
	assert_int_equal(policy_rule_tokens(one).size, 0);
	two = policy_find(p, V("other"), V("host7.bank"));
	assert_non_null(two);
	assert_true(view_equal(policy_rule_tokens(two), V("orders  0\n")));
	/* The first entry that matches decides, also against the collector. */
	assert_null(policy_find(p, V("trading-7"), V("host7.bank")));
	assert_null(policy_find(p, V("other"), V("spiffe://bank/host/a")));
	assert_null(policy_find(p, V("trading-7"), V("spiffe://bank/host/a/b")));
	assert_null(policy_find(p, V("trading-7"), V("")));
	policy_free(&p);
	assert_null(p);
}

static void
test_nothing_matches(void **state)
{
	struct policy *p = accept(state, "\"*\"", "\"x\"");

	assert_null(policy_find(p, V("y"), V("host7.bank")));
	policy_free(&p);
}

/* A fault of a part is told with that part's file and line. */
static void
test_faults_of_parts(void **state)
{
	struct fixture *f = *state;
	char *text = with_parts(f, NULL);
	char *other = fixture_replace(text, "name: old", "name: hosts");

	assert_null(load(f, other));
	fixture_expect(f, 2, "\"collectors_ca[1].name\": \"hosts\" is the name of two files");
	free(other);
	other = fixture_replace(text, "name: old", "name: \"o/d\"");
	assert_null(load(f, other));
	fixture_expect(f, 2, "\"collectors_ca[0].name\" must be without white space");
	free(other);
	other = fixture_replace(text, "operators.yaml", "none.yaml");
	assert_null(load(f, other));
	fixture_expect(f, 3, "\"operators\": cannot read");
	free(other);
	fixture_write(f, "operators.yaml", 0644, "operators:\n  - {name: a}\n");
	fixture_write(f, "old.pem", 0644, "");
	assert_null(load(f, text));
	fixture_expect_count(f, 4);
	fixture_expect(f, 0, "found 0 bytes");
	fixture_expect(f, 2, "key \"operators[0].rights\" is missing");
	free(text);
}

static void
test_names(void **state)
{
	refuse(state, "name: bank", "name: \"a b\"", 1, "\"name\" must be without");
	refuse(state, "name: bank", "name: a@b", 1, "\"name\" must be without");
	refuse(state, "name: bank", "name: a/b", 1, "\"name\" must be without");
	refuse(state, "name: two", "name: \"t wo\"", 3, "references[0].name");
	refuse(state, "name: two", "name: one", 4, "name of two references");
}

static void
test_references(void **state)
{
	struct fixture *f = *state;

	refuse(state, "refs/two.sha256", "refs/none", 3, "\"references[0].file\": cannot read");
	refuse(state, "refs/two.sha256", "refs", 3, "must be a regular file");
	refuse(state, "references: [one]", "references: [thre]", 8,
	    "names \"thre\", which is not listed");
	refuse(state, "references: [one]", "references: [ones]", 8, "top; did you mean \"one\"?");
	refuse(state, "references: [one]", "references: [one, one]", 6, "twice in one rule");
	refuse(state, "references: [one]", "references: []", 8, "1 to 16 entries");
	fixture_write(f, "refs/two.sha256", 0644, "nonsense\n");
	refuse(state, "bank", "bank", 1, "expected a line of sha256sum");
	assert_non_null(strstr(f->faults.fault[0].file, "refs/two.sha256"));
}

static void
test_too_many_references(void **state)
{
	char text[4096] = "name: bank\nreferences:\n", line[128];

	for (unsigned i = 0; i < 17; i++) {
		snprintf(line, sizeof(line), "  - {name: r%u, file: refs/one.sha256}\n", i);
		strcat(text, line);
	}
	strcat(text, "workloads:\n  - match: a\n    collectors: [b]\n"
		     "    executable: {references: [r0, r1, r2, r3, r4, r5, r6, r7]}\n"
		     "    libraries: {references: [r8, r9, r10, r11, r12, r13, r14, r15]}\n");
	{
		struct policy *p = load(*state, text);

		fixture_expect_count(*state, 0);
		policy_free(&p);
	}
	strcat(text, "    files: {references: [r0, r16]}\n");
	assert_null(load(*state, text));
	fixture_expect_count(*state, 1);
	fixture_expect(*state, 0, "together may use 16 references at one time");
}

static void
test_patterns(void **state)
{
	refuse(state, "\"trading-*\"", "'trading\\x'", 6, "a backslash must stand before");
	refuse(state, "spiffe://bank/host/*", "a\\\\", 7, "collectors[0]");
	refuse(state, "allow: [\"0\"]", "allow: ['\\0']", 12, "runtime.facts[0]");
	refuse(state, "\"*\"", "\"trading-*\"", 9, "an earlier entry has the pattern");
}

/* What is hidden has one spelling; nobody is to believe that half of it can be named. */
static void
test_no_pattern_is_of_hidden_values(void **state)
{
	static const char zeros[] =
	    "allow: [\"hmac-sha256:0000000000000000:"
	    "0000000000000000000000000000000000000000000000000000000000000000\", "
	    "\"hmac-sha256::*\", \"hmac*\", \"*\"]";

	refuse(state, "allow: [\"0\"]", "allow: [\"hmac-sha256:*\"]", 12, "no hidden value");
	refuse(state, "allow: [\"0\"]", "allow: [\"hmac-sha256:\"]", 12, "no hidden value");
	refuse(state, "allow: [\"0\"]", "allow: [\"hmac-sha256:0000000000000000:*\"]", 12,
	    "runtime.facts[0]");
	refuse(state, "allow: [\"0\"]", "deny: [\"hmac-sha256:?\"]", 12, "no hidden value");
	refuse(state, "allow: [\"0\"]", "where: \"hmac-sha256:x\", count: \"= 1\"", 12,
	    "no hidden value");
	refuse(state, "allow: [\"0\"]",
	    "word: 1, allow: [\"hmac-sha256:0000000000000000:"
	    "0000000000000000000000000000000000000000000000000000000000000000\"]",
	    12, "\"word\" is of values that can be read");
	policy_free(&(struct policy *){accept(state, "allow: [\"0\"]", zeros)});
}

/* An entry that is never reached is a mistake: its author believes that it is in force. */
static void
test_shadowed_entries(void **state)
{
	static const struct {
		const char *earlier, *later;
		bool shadowed;
	} cases[] = {
	    {"a*", "ab", true},
	    {"a*", "a*b", true},
	    {"*", "trading-?", true},
	    {"*-app", "trading-*-app", true},
	    {"ab", "a*", false},
	    {"a*b", "a*", false},
	    {"a?", "ab", false}, /* it is, and nobody need find out */
	    {"a?", "a*", false},
	    {"a*", "ba", false},
	};
	static const char fact[] = "{name: os, allow: [a]}";
	struct policy *p;
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
		    "name: test\nworkloads:\n"
		    "  - {match: \"%s\", collectors: [a], host: {facts: [%s]}}\n"
		    "  - {match: \"%s\", collectors: [a], host: {facts: [%s]}}\n",
		    cases[i].earlier, fact, cases[i].later, fact);
		p = load(*state, text);
		policy_free(&p);
		fixture_expect_count(*state, cases[i].shadowed ? 1 : 0);
		if (cases[i].shadowed)
			fixture_expect(*state, 4, "of an earlier entry matches all that");
	}
}

static void
test_the_first_that_shadows_is_told(void **state)
{
	static const char *const patterns[] = {"b*", "trading-*-x", "tr*", "t*", "trading-1*"};
	char text[2000] = "name: x\nworkloads:\n";

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "  - {match: \"%s\", collectors: [h], runtime: {facts: [{name: uid, allow: "
		    "[\"0\"]}]}}\n",
		    patterns[i]);
	assert_null(load(*state, text));
	fixture_expect_count(*state, 1);
	fixture_expect(*state, 7, "the pattern \"tr*\" of an earlier entry matches all that");
}

static void
test_collectors_must_be_named(void **state)
{
	refuse(state, "collectors: [host7.bank]", "collectors: []", 10, "1 to 1024 entries");
	refuse(state, "    collectors: [host7.bank]\n", "", 9, "collectors\" is missing");
}

static void
test_something_must_be_checked(void **state)
{
	refuse(state, "    executable: {references: [one]}\n", "", 6, "checks nothing");
	refuse(state, "    executable: {references: [one]}\n", "    recorded: [executable]\n", 6,
	    "checks nothing");
}

static void
test_kinds_must_fit_together(void **state)
{
	refuse(state, "    token: [{profile: orders}]\n", "    require: [host]\n", 11,
	    "no rule looks at it");
	refuse(state, "    token: [{profile: orders}]\n", "    recorded: [runtime]\n", 11,
	    "there is a rule for it");
	refuse(state, "    token: [{profile: orders}]\n", "    require: [runtime, runtime]\n", 11,
	    "twice");
	refuse(
	    state, "    token: [{profile: orders}]\n", "    recorded: [host, host]\n", 11, "twice");
	refuse(state, "    token: [{profile: orders}]\n", "    require: [unit]\n", 11,
	    "one of config, executable");
}

static void
test_required_and_recorded(void **state)
{
	struct policy *p = accept(state, "    token: [{profile: orders}]\n",
	    "    require: [host, runtime]\n    recorded: [host]\n");

	policy_free(&p);
}

static void
test_keys_may_be_missing(void **state)
{
	struct fixture *f = *state;

	assert_null(load(f, "{}"));
	fixture_expect_count(f, 2);
	assert_null(load(f, "workloads: [{}]"));
	fixture_expect(f, 1, "key \"name\" is missing");
	fixture_expect(f, 1, "key \"workloads[0].match\" is missing");
	assert_null(load(f, "name: x\nreferences: [{}]\nworkloads: [{host: {facts: [{}]}}]"));
	fixture_expect(f, 3, "facts[0].name\" is missing");
	fixture_expect(f, 3, "facts[0]\" demands nothing of \"\": add equals, require");
}

static void
test_times(void **state)
{
	refuse(state, "token: [{profile: orders}]", "max_age_s: 0", 11,
	    "1 to 31622400 seconds, found 0");
	refuse(state, "token: [{profile: orders}]", "max_age_s: 31622401", 11, "1 to 31622400");
	refuse(state, "token: [{profile: orders}]", "max_age_s: long", 11, "whole number");
	refuse(state, "token: [{profile: orders}]", "signature_every_s: -1", 11, "whole number");
}

static uint64_t
review_by(struct policy *p, const char *of)
{
	struct view found;
	const uint64_t by_s = policy_review_by_s(p, &found);

	assert_true(view_equal(found, view_of_string(of)));
	policy_free(&p);
	return by_s;
}

/* The first of all dates, and whose it is. */
static void
test_review(void **state)
{
	assert_int_equal(review_by(accept(state, "bank", "bank"), "bank"), 0);
	assert_int_equal(
	    review_by(accept(state, "name: bank", "name: bank\nreview_by: 2027-01-31"), "bank"),
	    1801353600);
	assert_int_equal(review_by(accept(state, "token: [{profile: orders}]",
				       "review_by: 2027-01-31T00:00:01Z"),
			     "*"),
	    1801353601);
	assert_int_equal(review_by(accept(state, "references:\n",
				       "review_by: 2027-01-31T00:00:00Z\nreferences:\n"),
			     "bank"),
	    1801353600);
	assert_int_equal(review_by(accept(state, "workloads:\n",
				       "review_by: 2027-01-31\nworkloads:\n"
				       "  - match: first\n    collectors: [c]\n"
				       "    review_by: 2027-01-30T23:59:59Z\n"
				       "    executable: {references: [one]}\n"),
			     "first"),
	    1801353599);
	refuse(state, "token: [{profile: orders}]", "review_by: 2027-02-30", 11,
	    "must be a date such as");
	refuse(
	    state, "token: [{profile: orders}]", "review_by: soon", 11, "must be a date such as");
	refuse(state, "name: bank", "name: bank\nreview_by: 1970-01-01", 2, "must be a date");
}

static void
test_silence(void **state)
{
	struct policy *p = accept(state, "token: [{profile: orders}]", "report_every_s: 900");
	const struct policy_rule *r = policy_find(p, V("other"), V("host7.bank"));

	assert_int_equal(policy_rule_report_every_s(r), 900);
	assert_int_equal(policy_rule_grace_s(r), 60);
	policy_free(&p);
	p = accept(state, "token: [{profile: orders}]", "grace_s: 0");
	r = policy_find(p, V("other"), V("host7.bank"));
	assert_int_equal(policy_rule_report_every_s(r), 0);
	assert_int_equal(policy_rule_grace_s(r), 0);
	policy_free(&p);
	p = accept(
	    state, "token: [{profile: orders}]", "report_every_s: 31536000\n    grace_s: 31536000");
	policy_free(&p);
	refuse(state, "token: [{profile: orders}]", "grace_s: 31536001", 11,
	    "at most 31536000 seconds");
	refuse(state, "token: [{profile: orders}]", "report_every_s: 31536001", 11,
	    "at most 31536000 seconds");
	refuse(state, "token: [{profile: orders}]", "report_every_s: -1", 11, "whole number");
}

/* What they are, in the policy's order. */
static void
expect_tokens(void **state, const char *token, const char *expected)
{
	struct policy *p = accept(state, "token: [{profile: orders}]", token);
	const struct policy_rule *r = policy_find_entry(p, V("other"));

	if (!view_equal(policy_rule_tokens(r), view_of_string(expected)))
		fail_msg("expected %s, found %.*s", expected, (int)policy_rule_tokens(r).size,
		    (const char *)policy_rule_tokens(r).data);
	policy_free(&p);
}

static void
refuse_token(void **state, const char *token, const char *expected)
{
	refuse(state, "token: [{profile: orders}]", token, 11, expected);
}

static void
test_token(void **state)
{
	expect_tokens(state, "token: [{profile: a, audience: \"https://b\", lifetime_s: 86400}]",
	    "a https://b 86400\n");
	expect_tokens(state,
	    "token: [{profile: a}, {profile: b, lifetime_s: 1}, {profile: a, audience: x}]",
	    "a  0\nb  1\na x 0\n");
	expect_tokens(state, "max_age_s: 300", "");
	refuse_token(state, "token: [{profile: \"a b\"}]", "must be the name of a profile");
	refuse_token(state, "token: [{profile: a/b}]", "must be the name of a profile");
	refuse_token(state, "token: [{profile: \"\"}]", "1 to 64");
	refuse_token(state,
	    "token: [{profile: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]",
	    "1 to 64");
	refuse_token(state, "token: [{audience: a}]", "profile");
	refuse_token(state, "token: orders", "list");
	refuse_token(state, "token: []", "1 to 6");
	refuse_token(state, "jws: true", "unknown key \"jws\"");
	refuse_token(state, "token: [{profile: a, audience: \"a b\"}]", "without white space");
	refuse_token(state, "token: [{profile: a, audience: \"\"}]", "1 to 512");
	refuse_token(state, "token: [{profile: a, lifetime_s: 0}]", "1 to 86400, found 0");
	refuse_token(state, "token: [{profile: a, lifetime_s: 86401}]", "found 86401");
	refuse_token(state, "token: [{profile: a, aud: b}]", "unknown key \"aud\"");
	refuse_token(state, "token: [{profile: a}, {profile: a}]", "the same audience");
	refuse_token(state, "token: [{profile: a, audience: x}, {profile: b, audience: x}]",
	    "the same audience");
	refuse_token(state,
	    "token: [{profile: a}, {profile: b}, {profile: c}, {profile: d}, {profile: e}, "
	    "{profile: f}, {profile: g}]",
	    "1 to 6");
}

/* A rule of as many demands, and what is said of them. */
static void
load_many_facts(void **state, unsigned count, bool good)
{
	struct buf text = BUF_INIT;
	char *whole;

	buf_append_string(&text, "facts: [");
	for (unsigned i = 0; i < count; i++)
		buf_append_format(&text, "%s{name: f%u, deny: [x]}", i > 0 ? ", " : "", i);
	buf_append_string(&text, "]");
	buf_append_byte(&text, '\0');
	assert_int_equal(buf_status(&text), ERR_OK);
	whole =
	    fixture_replace(base, "facts: [{name: uid, allow: [\"0\"]}]", (const char *)text.data);
	if (good) {
		policy_free(&(struct policy *){accept_text(state, whole)});
	} else {
		assert_null(load(*state, whole));
		fixture_expect(*state, 12, "1 to 1024 entries");
	}
	free(whole);
	buf_free(&text);
}

static void
test_facts(void **state)
{
	refuse(state, "name: uid", "name: \"u id\"", 12, "printable ASCII without space");
	refuse(state, "allow: [\"0\"]", "allow: []", 12, "1 to 256 entries");
	refuse(state, "[{name: uid, allow: [\"0\"]}]",
	    "[{name: uid, allow: [\"0\"]}, {name: uid, allow: [\"1\"]}]", 12, "again");
	refuse(state, "facts: [{name: uid, allow: [\"0\"]}]", "facts: []", 12, "1 to 1024 entries");
	load_many_facts(state, 1024, true);
	load_many_facts(state, 1025, false);
	refuse(state, "allow: [\"0\"]", "where: \"0 *\"", 12, "demands nothing of \"uid\"");
	refuse(state, "allow: [\"0\"]", "require: []", 12, "1 to 256 entries");
	refuse(state, "allow: [\"0\"]", "deny: ['\\x']", 12, "a backslash");
	refuse(state, "allow: [\"0\"]", "deny: [x], word: 0", 12, "must be 1 to 64");
	refuse(state, "allow: [\"0\"]", "deny: [x], word: 65", 12, "must be 1 to 64");
	refuse(state, "allow: [\"0\"]", "number: \"1000\"", 12, "expected one or two limits");
	refuse(state, "allow: [\"0\"]", "number: \"<= 1 sec\"", 12, "ns us ms s min h d");
	refuse(state, "allow: [\"0\"]", "number: \">= 1 s, <= 2 MiB\"", 12, "expected one or two");
	refuse(state, "allow: [\"0\"]", "count: \"<= x\"", 12, "facts[0].count\": expected one");
	refuse(state, "allow: [\"0\"]", "version: \">= a\"", 12, "facts[0].version\": expected");
	refuse(state, "allow: [\"0\"]", "date: \"> 30.11.2026\"", 12, "facts[0].date\": expected");
}

static void
test_accepted_memory(void **state)
{
	static const struct {
		const char *entry, *fault;
	} cases[] = {
	    {"{bytes: '>= 1 MiB', mappings: '= 1'}",
		"expected an upper limit, such as \"<= 64 MiB"},
	    {"{bytes: '> 0 B, >= 1 kB', mappings: '= 1'}", "expected an upper limit"},
	    {"{bytes: '<= 64', mappings: '> 1'}", "mappings\": expected an upper limit"},
	    {"{bytes: '64 MiB', mappings: '= 1'}", "bytes\": expected an upper limit"},
	    {"{bytes: '= 1 B'}", "mappings\" is missing"},
	    {"{mappings: '= 1'}", "bytes\" is missing"},
	    {"{bytes: '= 1 B', mappings: '= 1', program: '\\'}", "a backslash"},
	    {"{bytes: '= 1 B', mappings: '= 1', name: x}", "unknown key"},
	};
	char to[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(to, sizeof(to), "libraries: {accept_anonymous: [%s], references: [one]}",
		    cases[i].entry);
		refuse(state, "executable: {references: [one]}", to, 8, cases[i].fault);
	}
	refuse(state, "{references: [one]}", "{references: [one], accept_anonymous: []}", 8,
	    "unknown key");
	refuse(state, "{references: [one]}", "{references: [one], excludes: []}", 8, "1 to 1024");
}

static void
test_every_fault_in_one_run(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "refs/two.sha256", 0644, "x\ny\n");
	assert_null(
	    load(f, "name: \"a b\"\n"
		    "references: [{name: two, file: refs/two.sha256}, {name: x, file: none}]\n"
		    "workloads:\n"
		    "  - match: a\n"
		    "    colectors: [b]\n"
		    "    executable: {references: [three], unknown: fine}\n"
		    "  - match: a\n"
		    "    collectors: ['b\\']\n"
		    "    max_age_s: 0\n"
		    "    require: [host]\n"));
	fixture_expect(f, 1, "\"name\"");
	fixture_expect(f, 1, "expected a line of sha256sum");
	fixture_expect(f, 2, "expected a line of sha256sum");
	fixture_expect(f, 2, "\"references[1].file\"");
	fixture_expect(f, 5, "did you mean \"collectors\"?");
	fixture_expect(f, 4, "\"workloads[0].collectors\" is missing");
	fixture_expect(f, 6, "one of none, warning");
	fixture_expect(f, 6, "names \"three\"");
	fixture_expect(f, 7, "an earlier entry");
	fixture_expect(f, 8, "a backslash");
	fixture_expect(f, 9, "\"workloads[1].max_age_s\"");
	fixture_expect(f, 10, "no rule looks at it");
	fixture_expect(f, 7, "checks nothing");
	fixture_expect(f, 6, "no outcome overlooks");
	fixture_expect_count(f, 14);
}

static void
test_sample(void **state)
{
	static const char *const refs[] = {"refs/trading-app-4.1.sha256",
	    "refs/trading-app-4.2.sha256", "refs/trading-data-4.1.sha256",
	    "refs/trading-data-4.2.sha256", "refs/debian-12.sha256"};
	struct fixture *f = *state;
	char *text = sample_read("policy.yaml");
	char *operators = sample_read("operators.yaml");
	struct buf pem = BUF_INIT;
	struct policy *p;

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		fixture_write(f, refs[i], 0644, HEX_A "  /opt/x\n");
	fixture_write(f, "operators.yaml", 0644, operators);
	ca_append_pem("hosts", &pem, NULL);
	fixture_write_bytes(f, "collectors-ca.pem", 0644, pem.data, pem.size);
	text = sample_uncomment(text, "token");
	text = sample_uncomment(text, "rollout");
	text =
	    sample_replace(text, "# groups:\n#   - {name: canary", "groups:\n   - {name: canary");
	text = sample_replace(text, "\n#   - {name: pods", "\n   - {name: pods");
	text = sample_replace(text, "\n#   - {name: rest", "\n   - {name: rest");
	text = sample_uncomment(text, "group");
	p = load(f, text);
	fixture_expect_count(f, 0);
	assert_non_null(policy_find(p, V("trading-app"), V("spiffe://bank.example/host/h1")));
	assert_non_null(policy_find(p, V("trading-app"), V("h1.trading.bank.example")));
	assert_null(policy_find(p, V("other"), V("spiffe://bank.example/host/h1")));
	assert_int_equal(operators_threshold(policy_operators(p), STATEMENT_APPROVE), 2);
	assert_int_equal(policy_collectors_ca_count(p), 1);
	policy_free(&p);
	buf_free(&pem);
	free(operators);
	free(text);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_find),
	    WITH_FIXTURE(test_nothing_matches),
	    WITH_FIXTURE(test_faults_of_parts),
	    WITH_FIXTURE(test_names),
	    WITH_FIXTURE(test_references),
	    WITH_FIXTURE(test_too_many_references),
	    WITH_FIXTURE(test_patterns),
	    WITH_FIXTURE(test_no_pattern_is_of_hidden_values),
	    WITH_FIXTURE(test_shadowed_entries),
	    WITH_FIXTURE(test_the_first_that_shadows_is_told),
	    WITH_FIXTURE(test_collectors_must_be_named),
	    WITH_FIXTURE(test_something_must_be_checked),
	    WITH_FIXTURE(test_kinds_must_fit_together),
	    WITH_FIXTURE(test_required_and_recorded),
	    WITH_FIXTURE(test_keys_may_be_missing),
	    WITH_FIXTURE(test_times),
	    WITH_FIXTURE(test_review),
	    WITH_FIXTURE(test_silence),
	    WITH_FIXTURE(test_token),
	    WITH_FIXTURE(test_facts),
	    WITH_FIXTURE(test_accepted_memory),
	    WITH_FIXTURE(test_every_fault_in_one_run),
	    WITH_FIXTURE(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
