/*
 * What is granted of one log is nothing of another, and for some workloads is not for all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "register/front/caller.h"

#define WHO "spiffe://b/who"

static const char *const tokyo[] = {"tokyo"}, *const web[] = {"web-*"};

static struct caller
caller(unsigned roles, const struct grant *grants, size_t count)
{
	struct caller c;

	assert_int_equal(caller_named(&c, WHO, roles, grants, count), ERR_OK);
	return c;
}

static bool
audits(const struct caller *c, const char *log)
{
	return caller_has_role(c, ROLE_AUDITOR, view_of_string(log));
}

static void
test_a_role_is_of_the_logs_that_it_names(void **state)
{
	const struct grant grants[] = {
	    {.name = WHO, .roles = ROLE_AUDITOR, .log = tokyo, .logs = 1},
	    {.name = WHO, .roles = ROLE_RELYING_PARTY, .workload = web, .workloads = 1}};
	struct caller c = caller(0, grants, 1);

	(void)state;
	assert_true(audits(&c, "tokyo"));
	assert_false(audits(&c, "osaka"));
	assert_true(caller_may_see_log(&c, VIEW_LITERAL("tokyo")));
	assert_false(caller_may_see_log(&c, VIEW_LITERAL("osaka")));
	assert_false(caller_may_see(&c, VIEW_LITERAL("osaka"), VIEW_LITERAL("web-1")));
	caller_free(&c);
	c = caller(0, grants, 2);
	assert_true(audits(&c, "tokyo"));
	assert_false(audits(&c, "osaka"));
	assert_true(caller_may_see_log(&c, VIEW_LITERAL("osaka")));
	assert_true(caller_may_see(&c, VIEW_LITERAL("osaka"), VIEW_LITERAL("web-1")));
	assert_false(caller_has_role(&c, ROLE_RELYING_PARTY, VIEW_LITERAL("osaka")));
	caller_free(&c);
}

static void
test_a_role_for_some_workloads_is_none_for_all(void **state)
{
	const struct grant grant = {
	    .name = WHO, .roles = ROLE_AUDITOR, .workload = web, .workloads = 1};
	struct caller c = caller(0, &grant, 1);

	(void)state;
	assert_false(audits(&c, "tokyo"));
	assert_true(caller_may_see(&c, VIEW_LITERAL("tokyo"), VIEW_LITERAL("web-1")));
	assert_false(caller_may_see(&c, VIEW_LITERAL("tokyo"), VIEW_LITERAL("x")));
	caller_free(&c);
}

/* Who has grants has them instead of what his listener gives to all. */
static void
test_listeners(void **state)
{
	const struct grant grant = {
	    .name = WHO, .roles = ROLE_RELYING_PARTY, .workload = web, .workloads = 1};
	struct caller c = caller(ROLE_AUDITOR, NULL, 0);

	(void)state;
	assert_true(audits(&c, "tokyo"));
	assert_true(caller_may_see_log(&c, VIEW_LITERAL("tokyo")));
	caller_free(&c);
	c = caller(ROLE_AUDITOR, &grant, 1);
	assert_false(audits(&c, "tokyo"));
	caller_free(&c);
	c = caller(ROLE_LOCAL, NULL, 0);
	assert_false(audits(&c, "tokyo"));
	caller_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_role_is_of_the_logs_that_it_names),
	    cmocka_unit_test(test_a_role_for_some_workloads_is_none_for_all),
	    cmocka_unit_test(test_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
