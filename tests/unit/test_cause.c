#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/appraisal/finding.h"
#include "policy/words/cause.h"
#include "tests/unit/policy_fixture.h"

static const char text[] = "name: bank\n"                                       /* 1 */
			   "references: [{name: one, file: refs/one.sha256}]\n" /* 2 */
			   "workloads:\n"                                       /* 3 */
			   "  - match: app\n"                                   /* 4 */
			   "    collectors: [x]\n"                              /* 5 */
			   "    max_age_s: 60\n"                                /* 6 */
			   "    libraries:\n"                                   /* 7 */
			   "      references: [one]\n"                          /* 8 */
			   "      unreadable: warning\n"                        /* 9 */
			   "    runtime:\n"                                     /* 10 */
			   "      facts:\n"                                     /* 11 */
			   "        - {name: uid, allow: [\"0\"]}\n"            /* 12 */
			   "        - {name: arguments, equals: []}\n"          /* 13 */
			   "        - {name: arguments, count: \"= 0\"}\n";     /* 14 */

static struct policy *
load_text(struct fixture *f)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p;

	assert_int_equal(
	    policy_load(fixture_write(f, "policy.yaml", 0644, text), &faults, &p), ERR_OK);
	faults_free(&faults);
	return p;
}

static void
expect(const struct policy *p, const char *kind, const char *code, const char *about,
    const char *key, bool said, unsigned line)
{
	const struct report_finding f = {
	    view_of_string(kind), view_of_string(code), view_of_string(about), {NULL, 0}};
	struct cause c;

	cause_of(p, policy_find_entry(p, V("app")), &f, &c);
	if (key == NULL)
		assert_null(c.key);
	else
		assert_string_equal(c.key, key);
	assert_int_equal(c.said, said);
	assert_int_equal(c.line, line);
	assert_true(c.sentence.size > 0);
	assert_non_null(c.mend);
}

static void
test_the_line_is_that_of_the_key_that_decided(void **state)
{
	struct policy *p = load_text(*state);

	expect(p, "libraries", "unreadable-file", "/x", "unreadable", true, 9);
	expect(p, "libraries", "special-file", "/x", "unreadable", true, 9);
	expect(p, "libraries", "symbolic-link", "/x", "unknown", false, 7);
	expect(p, "libraries", "excluded-files", "/x", "excludes", false, 7);
	expect(p, "runtime", "unmatched-fact", "uid", "facts", true, 12);
	expect(p, "runtime", "absent-fact", "arguments", "facts", true, 13);
	expect(p, "runtime", "unmatched-fact", "namespace_mount", NULL, false, 10);
	expect(p, "runtime", "missing-component", "", "missing", false, 4);
	expect(p, "host", "unchecked-component", "", "recorded", false, 4);
	expect(p, "bundle", "stale-evidence", "", "max_age_s", true, 6);
	expect(p, "bundle", "offline-evidence", "", NULL, false, 4);
	policy_free(&p);
}

static void
test_every_finding_has_a_sentence_and_a_mend(void **state)
{
	struct policy *p = load_text(*state);
	struct report_finding finding = {.kind = V("bundle")};
	struct cause c;

	for (unsigned f = 0; f < FINDING_COUNT; f++) {
		finding.code = finding_code((enum finding)f);
		cause_of(p, policy_find_entry(p, V("app")), &finding, &c);
		assert_true(c.sentence.size > 0);
		if (c.mend == NULL)
			fail_msg("%.*s has no mend", view_precision(finding.code),
			    (const char *)finding.code.data);
		assert_int_not_equal(c.mend[strlen(c.mend) - 1], '.');
	}
	finding.code = V("of-a-later-version");
	cause_of(p, policy_find_entry(p, V("app")), &finding, &c);
	assert_null(c.mend);
	assert_int_equal(c.sentence.size, 0);
	policy_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_the_line_is_that_of_the_key_that_decided, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_every_finding_has_a_sentence_and_a_mend, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
