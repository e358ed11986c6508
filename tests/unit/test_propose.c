/* Who may speak for a workload, by a proposed policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h wants these before it. */
#include <cmocka.h>

#include "policy/compile/policy_schema.h"
#include "signer/learn/propose.h"

/* The lines of `collectors`, of so many hosts, with a number in their names, and one more. */
static void
expect(size_t count, const char *before, const char *behind, const char *more, const char *expected)
{
	struct proposal p = {.seen = NULL, .workloads = "w"};
	struct seen *seen = seen_new();
	const char *begun;
	uint64_t unreadable;

	assert_non_null(seen);
	for (size_t i = 0; i <= count; i++) {
		struct report r;
		char name[64];

		memset(&r, 0, sizeof(r));
		if (i < count)
			snprintf(name, sizeof(name), "%s%zu%s", before, i, behind);
		else
			snprintf(name, sizeof(name), "%s", more);
		r.collector = view_of_string(name);
		assert_int_equal(seen_report(seen, &r), ERR_OK);
	}
	p.seen = seen;
	/* No report names a component. */
	assert_int_equal(seen_read(seen, NULL, &unreadable), ERR_OK);
	assert_false(propose(&p)); /* of nothing there is no rule */
	buf_append_byte(&p.policy, 0);
	assert_int_equal(buf_status(&p.policy), ERR_OK);
	begun = strstr((const char *)p.policy.data, "    collectors:\n");
	assert_non_null(begun);
	assert_string_equal(begun + strlen("    collectors:\n"), expected);
	proposal_free(&p);
	seen_free(&seen);
}

#define LOOK "  # look: more hosts than a policy can list\n"

static void
test_each_host_is_named(void **state)
{
	(void)state;
	expect(1, "spiffe://a/h", "", "b.example",
	    "      - \"spiffe://a/h0\"\n      - \"b.example\"\n");
	expect(2, "h*", "", "h*0", "      - \"h\\\\*0\"\n      - \"h\\\\*1\"\n");
}

static void
test_more_hosts_than_a_policy_lists(void **state)
{
	(void)state;
	expect(POLICY_COLLECTORS_MAX, "spiffe://a/h/", "", "x.b.example",
	    "      - \"spiffe://a/h/*\"" LOOK "      - \"*.b.example\"" LOOK);
	expect(POLICY_COLLECTORS_MAX, "h", ".a*", "alone",
	    "      - \"*.a\\\\*\"" LOOK "      - \"alone\"" LOOK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_host_is_named),
	    cmocka_unit_test(test_more_hosts_than_a_policy_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
