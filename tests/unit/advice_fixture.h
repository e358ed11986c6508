/*
 * For tests of what is said of policies that have no fault. Include after cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_ADVICE_FIXTURE_H
#define HALLMARK_TESTS_UNIT_ADVICE_FIXTURE_H

#include "policy/advice/policy_advice.h"
#include "tests/unit/policy_fixture.h"

#define NOW 1800000000ULL /* 2027-01-15T08:00:00Z */

/* One entry that has both kinds of programs, so that there is nothing to say of it. */
#define HEAD_LINES                                                                                 \
	"name: t\nreferences:\n  - {name: one, file: refs/one.sha256}\nworkloads:\n"               \
	"  - match: a\n    collectors: [c]\n"                                                      \
	"    executable: {references: [one]}\n    libraries: {references: [one]}\n"
#define REST_LINE 9 /* of what follows */

/* A policy that loads, and what is said of it. */
static inline struct advices
advices_of(void **state, const char *text)
{
	struct advices a = ADVICES_INIT;
	struct fixture *f = *state;
	struct policy *p = load(f, text);

	if (p == NULL)
		faults_print(&f->faults, stderr);
	assert_non_null(p);
	policy_advise(p, NOW, &a);
	policy_free(&p);
	for (size_t i = 0; i < a.count; i++) {
		assert_string_equal(a.advice[i].file, f->path);
		assert_true(a.advice[i].line > 0);
		assert_non_null(a.advice[i].mend);
		assert_true(i == 0 || a.advice[i - 1].line <= a.advice[i].line);
	}
	return a;
}

/* With `rest` behind the head it is said once, and nothing else. */
static inline void
expect_one(void **state, const char *rest, unsigned line, const char *text, const char *mend)
{
	char whole[2048];
	struct advices a;

	(void)snprintf(whole, sizeof(whole), HEAD_LINES "%s", rest);
	a = advices_of(state, whole);
	for (size_t i = 0; i < a.count; i++)
		if (a.count != 1)
			print_error("%u %s\n", a.advice[i].line, a.advice[i].text);
	assert_int_equal(a.count, 1);
	if (strstr(a.advice[0].text, text) == NULL || strstr(a.advice[0].mend, mend) == NULL)
		fail_msg("%s; %s", a.advice[0].text, a.advice[0].mend);
	assert_int_equal(a.advice[0].line, line);
	advices_free(&a);
}

static inline void
expect_none(void **state, const char *rest)
{
	char whole[2048];
	struct advices a;

	(void)snprintf(whole, sizeof(whole), HEAD_LINES "%s", rest);
	a = advices_of(state, whole);
	if (a.count > 0)
		fail_msg("%u %s", a.advice[0].line, a.advice[0].text);
	advices_free(&a);
}

#define FACT(kind, rest) "    " kind ": {facts: [" rest "]}\n"

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, setup_merged, fixture_teardown)

/* The sets of the fixture have paths below /bin. */
static inline int
setup_merged(void **state)
{
	const int failed = setup(state);

	if (failed == 0) {
		fixture_write(*state, "refs/one.sha256", 0644, HEX_A "  /usr/bin/one\n");
		fixture_write(*state, "refs/two.sha256", 0644, HEX_B "  /usr/bin/two\n");
	}
	return failed;
}

#endif
