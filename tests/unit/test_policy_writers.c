/* What is said of a policy's files that others may write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/advice/policy_advice.h"
#include "tests/unit/policy_fixture.h"

/* A file and a directory that anybody may write to; in a directory such as /tmp nobody replaces. */
static void
test_files_that_others_may_write(void **state)
{
	struct fixture *f = *state;
	struct advices a = ADVICES_INIT;
	struct policy *p = load(f, base);
	char policy[PATH_MAX], directory[80], set[96];

	assert_non_null(p);
	(void)snprintf(policy, sizeof(policy), "%s", f->path);
	(void)snprintf(directory, sizeof(directory), "%s/refs", f->directory);
	(void)snprintf(set, sizeof(set), "%s/one.sha256", directory);
	policy_advise_writers(p, policy, geteuid(), &a);
	assert_int_equal(a.count, 0);
	assert_int_equal(chmod(directory, 01777), 0);
	policy_advise_writers(p, policy, geteuid(), &a);
	assert_int_equal(a.count, 0);
	assert_int_equal(chmod(directory, 0775), 0);
	assert_int_equal(chmod(set, 0646), 0);
	policy_advise_writers(p, policy, geteuid(), &a);
	assert_int_equal(a.count, 2);
	assert_non_null(strstr(a.advice[0].text, directory));
	assert_int_equal(a.advice[0].line, 1);
	assert_non_null(strstr(a.advice[1].text, set));
	assert_int_equal(a.advice[1].line, 4);
	advices_free(&a);
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(chmod(set, 0644), 0);
	/* Somebody else's. */
	if (geteuid() == 0)
		assert_int_equal(chown(policy, 4711, 0), 0);
	policy_advise_writers(p, policy, 0, &a);
	assert_true(a.count > 0);
	assert_non_null(strstr(a.advice[0].text, "others than root and the service"));
	advices_free(&a);
	policy_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_files_that_others_may_write, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
