/* Loading of policies: the paths that a rule names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

#define HIDDEN                                                                                     \
	"\"hmac-sha256:0123456789abcdef:"                                                          \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

/* What can never be measured must not look as if it were demanded. */
static void
test_paths_that_cannot_be_measured(void **state)
{
	static const char *const bad[] = {"bin/app", "/", "/usr//bin/app", "/usr/./app",
	    "/usr/../app", "/usr/bin/", "\"hmac-sha256:x\""};
	char to[160];

	policy_free(
	    &(struct policy *){accept(state, "references: [one]", "references: [one], path: /a")});
	policy_free(&(struct policy *){
	    accept(state, "references: [one]", "references: [one], path: " HIDDEN)});
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(to, sizeof(to), "references: [one], path: %s", bad[i]);
		refuse(state, "references: [one]", to, 8, "must be a path as it is measured");
		snprintf(
		    to, sizeof(to), "libraries: {references: [one], demand: [/a, %s]}", bad[i]);
		refuse(state, "executable: {references: [one]}", to, 8,
		    "\"workloads[0].libraries.demand[1]\" must be a path as it is measured");
	}
}

static void
test_each_library_once(void **state)
{
	refuse(state, "executable: {references: [one]}",
	    "libraries: {references: [one], demand: [/b, /a, /b]}", 8, "names \"/b\" again");
	refuse(state, "executable: {references: [one]}",
	    "libraries: {references: [one], demand: []}", 8, "1 to 256 entries");
}

static void
test_each_kind_has_its_own(void **state)
{
	refuse(state, "references: [one]", "references: [one], demand: [/a]", 8,
	    "unknown key \"demand\"");
	refuse(state, "executable: {references: [one]}", "files: {references: [one], path: /a}", 8,
	    "unknown key \"path\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_paths_that_cannot_be_measured, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_each_library_once, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_each_kind_has_its_own, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
