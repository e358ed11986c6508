#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "signer/ledger/workload.h"

static int
setup(void **state)
{
	*state = workload_table_new();
	return *state == NULL;
}

static int
teardown(void **state)
{
	workload_table_free((struct workload_table **)state);
	return 0;
}

static void
is_found_again(void **state)
{
	struct workload *w = workload_get(*state, "spiffe://a/b", VIEW_LITERAL("app"));

	assert_non_null(w);
	assert_string_equal(w->collector, "spiffe://a/b");
	assert_string_equal(workload_name_text(w), "app");
	assert_false(w->has_head);
	assert_ptr_equal(workload_get(*state, "spiffe://a/b", VIEW_LITERAL("app")), w);
	assert_ptr_equal(workload_find(*state, "spiffe://a/b", VIEW_LITERAL("app")), w);
	assert_int_equal(workload_count(*state), 1);
}

/* "a" + "bc" and "ab" + "c" must not be one key. */
static void
names_do_not_run_together(void **state)
{
	struct workload *first = workload_get(*state, "a", VIEW_LITERAL("bc"));

	assert_ptr_not_equal(workload_get(*state, "ab", VIEW_LITERAL("c")), first);
	assert_int_equal(workload_count(*state), 2);
}

static void
finding_makes_nothing(void **state)
{
	assert_null(workload_find(*state, "a", VIEW_LITERAL("b")));
	assert_int_equal(workload_count(*state), 0);
}

static void
refuses_names_that_are_too_long(void **state)
{
	char name[2000];

	memset(name, 'x', sizeof(name));
	assert_null(workload_get(*state, "a", (struct view){(uint8_t *)name, sizeof(name)}));
	assert_int_equal(workload_count(*state), 0);
}

static enum err
count(void *context, struct workload *w)
{
	unsigned *n = context;

	(void)w;
	return ++*n == 2 ? ERR_BUSY : ERR_OK;
}

static void
a_walk_ends_with_the_first_error(void **state)
{
	unsigned n = 0;

	workload_get(*state, "a", VIEW_LITERAL("1"));
	workload_get(*state, "a", VIEW_LITERAL("2"));
	workload_get(*state, "a", VIEW_LITERAL("3"));
	assert_int_equal(workload_each(*state, count, &n), ERR_BUSY);
	assert_int_equal(n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(is_found_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(names_do_not_run_together, setup, teardown),
	    cmocka_unit_test_setup_teardown(finding_makes_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_names_that_are_too_long, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_walk_ends_with_the_first_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
