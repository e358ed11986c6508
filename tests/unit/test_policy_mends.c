/* Loading of policies: what to do about a fault is said with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

/* One that is none, and what may have been wanted, which is said once. */
static void
refuse_outcome(void **state, const char *from, const char *to, unsigned line, const char *text)
{
	struct fixture *f = *state;
	char *changed = fixture_replace(base, from, to);

	assert_null(load(f, changed));
	fixture_expect(f, line, text);
	fixture_expect(f, line, "no outcome overlooks what was found");
	fixture_expect_count(f, 2);
	faults_free(&f->faults);
	free(changed);
}

static void
test_outcomes_never_overlook(void **state)
{
	refuse_outcome(state, "references: [one]", "references: [one], unknown: affirming", 8,
	    "must be one of none, warning, contraindicated, found \"affirming\"");
	refuse_outcome(
	    state, "references: [one]", "references: [one], unknown: ignore", 8, "one of none");
	refuse_outcome(state, "references: [one]", "references: [one], unknown: contra-indicated",
	    8, "found \"contra-indicated\"; did you mean \"contraindicated\"?");
	refuse_outcome(state, "    token: [{profile: orders}]\n", "    missing: affirming\n", 11,
	    "one of none");
	refuse_outcome(
	    state, "allow: [\"0\"]", "allow: [\"0\"], unmatched: allow", 12, "one of none");
	refuse(state, "references: [one]", "references: [one], missing: warning", 8,
	    "unknown key \"missing\"");
	refuse(state, "references: [one]", "references: [one], anonymous: warning", 8,
	    "unknown key \"anonymous\"");
	refuse(state, "allow: [\"0\"]", "allow: 0", 12,
	    "must be a list, found \"0\"; of one entry, too: put [ and ] around it");
}

/* A gate measures before there is a process. */
static void
test_what_no_gate_measures(void **state)
{
	refuse(state, "    executable: {references: [one]}\n",
	    "    executable: {references: [one]}\n    start: {require: [runtime]}\n", 9,
	    "\"workloads[0].start.require\" names \"runtime\", which is of processes, and before a "
	    "start there is none: no gate measures it; take it out");
	refuse(state, "    executable: {references: [one]}\n",
	    "    executable: {references: [one]}\n    recorded: [image, runtime]\n    start: "
	    "{require: [executable, image]}\n",
	    10, "names \"image\", which is of processes");
}

/* Hundreds of them are no list of a rule. */
static void
test_packages_are_more_than_a_rule_takes(void **state)
{
	struct buf text = BUF_INIT;
	struct fixture *f = *state;

	buf_append_string(&text, "name: bank\nworkloads:\n  - match: a\n    collectors: [c]\n");
	buf_append_string(&text, "    packages: {facts: [{name: dpkg, allow: [");
	for (unsigned i = 0; i <= 256; i++)
		buf_append_format(&text, "%s\"p%u 1 all\"", i > 0 ? ", " : "", i);
	buf_append_string(&text, "]}]}\n");
	buf_append_byte(&text, 0);
	assert_null(load(f, (char *)text.data));
	fixture_expect(f, 5, "must have 1 to 256 entries, found 257");
	fixture_expect(f, 5,
	    "\"workloads[0].packages.facts[0].allow\" has more packages than a rule takes: put "
	    "them "
	    "into a file, a line each with the name of the fact and the value, name it under "
	    "\"package_lists\" at the top, and that in \"lists\" of \"packages\"");
	buf_free(&text);
}

static void
test_tabs(void **state)
{
	refuse(state, "  - match: \"trading-*\"\n", "\t- match: \"trading-*\"\n", 6,
	    "a tab stands before its text: YAML is indented by spaces");
	refuse(state, "    collectors: [host7.bank]\n", "  \t  collectors: [host7.bank]\n", 10,
	    "a tab stands before its text: YAML is indented by spaces");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_outcomes_never_overlook),
	    WITH_FIXTURE(test_what_no_gate_measures),
	    WITH_FIXTURE(test_packages_are_more_than_a_rule_takes),
	    WITH_FIXTURE(test_tabs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
