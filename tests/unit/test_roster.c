/* The roster: who is found by name, whoever came and went before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "signer/session/session_state.h"

static struct session sessions[6];

static int
setup(void **state)
{
	static char names[6][16] = {"a", "a", "a", "b", "spiffe://x/a", ""};

	memset(sessions, 0, sizeof(sessions));
	for (unsigned i = 0; i < 6; i++) {
		sessions[i].identity = names[i];
		sessions[i].number = i + 1;
	}
	*state = roster_new();
	return *state == NULL;
}

static int
teardown(void **state)
{
	struct roster *r = *state;

	roster_free(&r);
	assert_null(r);
	roster_free(&r);
	return 0;
}

static struct session *
find(void **state, const char *name, uint32_t number)
{
	return roster_find(*state, view_of_string(name), number);
}

static void
nobody_is_there_at_first(void **state)
{
	assert_null(find(state, "a", 1));
	roster_remove(*state, &sessions[0]);
	assert_null(find(state, "a", 1));
}

static void
one_is_found_by_name(void **state)
{
	assert_int_equal(roster_add(*state, &sessions[0]), ERR_OK);
	assert_int_equal(roster_add(*state, &sessions[3]), ERR_OK);
	assert_int_equal(roster_add(*state, &sessions[4]), ERR_OK);
	assert_ptr_equal(find(state, "a", 1), &sessions[0]);
	assert_ptr_equal(find(state, "b", 1), &sessions[3]);
	assert_ptr_equal(find(state, "spiffe://x/a", 0), &sessions[4]);
	assert_null(find(state, "spiffe://x/", 5));
	assert_null(find(state, "", 1));
}

static void
of_several_the_one_of_that_number_or_the_newest(void **state)
{
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(roster_add(*state, &sessions[i]), ERR_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(find(state, "a", i + 1), &sessions[i]);
	assert_ptr_equal(find(state, "a", 99), &sessions[2]);
	roster_remove(*state, &sessions[2]);
	assert_ptr_equal(find(state, "a", 3), &sessions[1]);
}

static void
leaving_in_any_order(void **state)
{
	static const unsigned orders[6][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (unsigned o = 0; o < 6; o++) {
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(roster_add(*state, &sessions[i]), ERR_OK);
		for (unsigned i = 0; i < 3; i++) {
			roster_remove(*state, &sessions[orders[o][i]]);
			for (unsigned k = i + 1; k < 3; k++)
				assert_ptr_equal(
				    find(state, "a", orders[o][k] + 1), &sessions[orders[o][k]]);
		}
		assert_null(find(state, "a", 1));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nobody_is_there_at_first, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_is_found_by_name, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		of_several_the_one_of_that_number_or_the_newest, setup, teardown),
	    cmocka_unit_test_setup_teardown(leaving_in_any_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
