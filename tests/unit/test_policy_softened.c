/* What is said of blocks that weaken others: `check` warns of it, and it counts all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/advice/policy_advice.h"
#include "tests/unit/policy_fixture.h"

#define NOW 1800000000ULL

/* Lines 1 to 3; behind it `rules` with a block at each of the lines 5 and 6, and an entry at 8. */
#define HEAD_LINES                                                                                 \
	"name: t\nreferences: [{name: one, file: refs/one.sha256}]\n"                              \
	"defaults: {collectors: [c], use: [first, second], executable: {references: [one]}, "      \
	"libraries: {references: [one]}}\n"
#define BLOCKS(first, second)                                                                      \
	"rules:\n  - {name: first, " first "}\n  - {name: second, " second "}\n"                   \
	"workloads:\n"
#define UID  "facts: [{name: uid, allow: [\"0\"]}]"
#define GID  "facts: [{name: gid, allow: [\"0\"]}]"
#define MILD "facts: [{name: gid, allow: [\"0\"], unmatched: none}]"

static void
test_what_weakens_a_block(void **state)
{
	static const struct {
		const char *text;
		unsigned line; /* 0: nothing is said */
		const char *said;
	} cases[] = {
	    {BLOCKS("executable: {deleted: contraindicated}",
		 "executable: {deleted: warning}") "  - {match: a}\n",
		6, "\"deleted: warning\" is milder than what a block before it says in "},
	    {BLOCKS("executable: {deleted: warning}",
		 "executable: {deleted: none}") "  - {match: a}\n",
		6, "\"deleted: none\" is milder"},
	    {BLOCKS("executable: {deleted: warning}",
		 "executable: {deleted: warning}") "  - {match: a}\n",
		0, NULL},
	    {BLOCKS("executable: {deleted: warning}",
		 "executable: {deleted: contraindicated}") "  - {match: a}\n",
		0, NULL},
	    {BLOCKS(
		 "runtime: {" UID "}", "runtime: {unmatched: warning, " GID "}") "  - {match: a}\n",
		6, "\"unmatched: warning\" is for the facts of "},
	    {BLOCKS("runtime: {" UID "}",
		 "max_age_s: 60") "  - {match: a, runtime: {unmatched: warning, " GID "}}\n",
		8, "\"unmatched: warning\" is for the facts of "},
	    {BLOCKS("runtime: {" MILD "}",
		 "runtime: {unmatched: warning, " UID "}") "  - {match: a}\n",
		0, NULL},
	    /* An entry's own words are meant. */
	    {BLOCKS("executable: {deleted: contraindicated}",
		 "max_age_s: 60") "  - {match: a, executable: {deleted: warning}}\n",
		0, NULL},
	    {BLOCKS("grace_s: 9", "max_age_s: 60") "  - {match: a}\n  - {match: b, use: []}\n", 9,
		"an empty \"use\" leaves out the blocks of the defaults"},
	    {BLOCKS(
		 "grace_s: 9", "max_age_s: 60") "  - {match: a}\n  - {match: b, use: [second]}\n",
		0, NULL},
	};
	struct fixture *f = *state;

	fixture_write(f, "refs/one.sha256", 0644, HEX_A "  /usr/bin/one\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct advices a = ADVICES_INIT;
		char text[1024];
		struct policy *p;

		(void)snprintf(text, sizeof(text), HEAD_LINES "%s", cases[i].text);
		p = load(f, text);
		if (p == NULL)
			faults_print(&f->faults, stderr);
		assert_non_null(p);
		policy_advise(p, NOW, &a);
		for (size_t k = 0; k < a.count; k++)
			if (a.count != (cases[i].line > 0))
				print_error("%zu: %u %s\n", i, a.advice[k].line, a.advice[k].text);
		assert_int_equal(a.count, cases[i].line > 0);
		if (a.count > 0) {
			assert_int_equal(a.advice[0].line, cases[i].line);
			assert_non_null(strstr(a.advice[0].text, cases[i].said));
		}
		advices_free(&a);
		policy_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_what_weakens_a_block, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
