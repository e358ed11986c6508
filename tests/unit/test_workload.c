#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signer/ledger/heads/workload.h"

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
	struct workload *w =
	    workload_get(*state, VIEW_LITERAL("spiffe://a/b"), VIEW_LITERAL("app"));

	assert_non_null(w);
	assert_string_equal(w->collector->identity, "spiffe://a/b");
	assert_string_equal(workload_name_text(w), "app");
	assert_false(w->has_head);
	assert_ptr_equal(
	    workload_get(*state, VIEW_LITERAL("spiffe://a/b"), VIEW_LITERAL("app")), w);
	assert_ptr_equal(
	    workload_find(*state, VIEW_LITERAL("spiffe://a/b"), VIEW_LITERAL("app")), w);
	assert_int_equal(workload_count(*state), 1);
}

/* "a" + "bc" and "ab" + "c" must not be one key. */
static void
names_do_not_run_together(void **state)
{
	struct workload *first = workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("bc"));

	assert_ptr_not_equal(workload_get(*state, VIEW_LITERAL("ab"), VIEW_LITERAL("c")), first);
	assert_int_equal(workload_count(*state), 2);
}

static void
finding_makes_nothing(void **state)
{
	assert_null(workload_find(*state, VIEW_LITERAL("a"), VIEW_LITERAL("b")));
	assert_int_equal(workload_count(*state), 0);
}

static void
refuses_names_that_are_too_long(void **state)
{
	char name[2000];

	memset(name, 'x', sizeof(name));
	assert_null(
	    workload_get(*state, VIEW_LITERAL("a"), (struct view){(uint8_t *)name, sizeof(name)}));
	assert_int_equal(workload_count(*state), 0);
}

/* Whoever is held stays what he is; whoever is neither held nor has a workload leaves nothing. */
static void
a_collector_is_one_for_all_of_its_workloads(void **state)
{
	const size_t bytes = workload_table_bytes(*state);
	struct collector *c = collector_hold(*state, VIEW_LITERAL("a"));
	struct workload *w = workload_get_of(*state, c, VIEW_LITERAL("1"));

	assert_string_equal(c->identity, "a");
	assert_ptr_equal(workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("1")), w);
	assert_ptr_equal(workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("2"))->collector, c);
	assert_ptr_equal(workload_find_of(*state, c, VIEW_LITERAL("1")), w);
	assert_null(workload_find_of(*state, c, VIEW_LITERAL("3")));
	assert_int_equal(c->workload_count, 2);
	workload_forget(*state, workload_find_of(*state, c, VIEW_LITERAL("2")));
	assert_int_equal(c->workload_count, 1);
	collector_release(*state, c);
	assert_ptr_equal(collector_hold(*state, VIEW_LITERAL("a")), c);
	workload_forget(*state, w);
	collector_release(*state, c);
	assert_null(workload_find(*state, VIEW_LITERAL("a"), VIEW_LITERAL("1")));
	assert_true(workload_table_bytes(*state) > bytes); /* the places stay */
	c = collector_hold(*state, VIEW_LITERAL("a"));
	assert_int_equal(c->workload_count, 0);
	collector_release(*state, c);
}

static void
what_reported_or_waits_is_not_forgotten(void **state)
{
	struct workload *reported = workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("1"));
	struct workload *waits = workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("2"));

	reported->has_head = true;
	waits->busy = true;
	workload_forget(*state, reported);
	workload_forget(*state, waits);
	assert_int_equal(workload_count(*state), 2);
}

#define MANY           100000
#define BYTES_EACH_MAX 200 /* without its name: DESIGN.md's 300 MiB for a million, with room */

static void
a_head_takes_little_memory(void **state)
{
	size_t names = 0;
	char name[32];

	for (unsigned i = 0; i < MANY; i++) {
		names += (size_t)snprintf(name, sizeof(name), "workload-%u", i) + 1;
		assert_non_null(
		    workload_get(*state, VIEW_LITERAL("spiffe://a/b"), view_of_string(name)));
	}
	assert_int_equal(workload_count(*state), MANY);
	assert_in_range((workload_table_bytes(*state) - names) / MANY, 150, BYTES_EACH_MAX);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "workload-%u", i);
		assert_string_equal(workload_name_text(workload_find(*state,
					VIEW_LITERAL("spiffe://a/b"), view_of_string(name))),
		    name);
	}
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

	workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("1"));
	workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("2"));
	workload_get(*state, VIEW_LITERAL("a"), VIEW_LITERAL("3"));
	assert_int_equal(workload_each(*state, count, &n), ERR_BUSY);
	assert_int_equal(n, 2);
}

/* Each has its due set to one more. */
static void
mark(void *context, struct workload *w)
{
	++*(unsigned *)context;
	w->head.due.at_s++;
}

static enum err
is_marked(void *context, struct workload *w)
{
	(void)context;
	assert_in_range(w->head.due.at_s, 1, 2);
	return ERR_OK;
}

static struct workload *
numbered(struct workload_table *t, unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%u", i);
	return workload_get(t, VIEW_LITERAL("a"), view_of_string(name));
}

static void
a_walk_in_pieces_reaches_all(void **state)
{
	struct workload_walk walk = {0};
	unsigned visits = 0, pieces = 1;

	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(numbered(*state, i));
	for (; !workload_walk_on(*state, &walk, 100, mark, &visits); pieces++)
		assert_int_equal(visits, 100 * pieces);
	assert_int_equal(visits, 1000);
	assert_int_equal(workload_each(*state, is_marked, NULL), ERR_OK);
}

/* What was visited may come again, and nothing is left out. */
static void
a_walk_in_pieces_begins_again_where_the_table_has_changed(void **state)
{
	struct workload_walk walk = {0};
	unsigned visits = 0;

	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(numbered(*state, i));
	assert_false(workload_walk_on(*state, &walk, 500, mark, &visits));
	for (unsigned i = 0; i < 300; i++)
		workload_forget(*state, numbered(*state, i));
	while (!workload_walk_on(*state, &walk, 500, mark, &visits))
		;
	assert_int_equal(workload_each(*state, is_marked, NULL), ERR_OK);
	assert_int_equal(visits, 500 + 700);
}

static void
nobody_keeps_a_walk_from_its_end(void **state)
{
	struct workload_walk walk = {0};
	unsigned visits = 0, pieces = 0;

	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(numbered(*state, i));
	while (!workload_walk_on(*state, &walk, 10, mark, &visits)) {
		workload_forget(*state, numbered(*state, pieces++)); /* some change places */
		assert_in_range(pieces, 1, 200);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(is_found_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(names_do_not_run_together, setup, teardown),
	    cmocka_unit_test_setup_teardown(finding_makes_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_names_that_are_too_long, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_collector_is_one_for_all_of_its_workloads, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_reported_or_waits_is_not_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_head_takes_little_memory, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_walk_ends_with_the_first_error, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_walk_in_pieces_reaches_all, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_walk_in_pieces_begins_again_where_the_table_has_changed, setup, teardown),
	    cmocka_unit_test_setup_teardown(nobody_keeps_a_walk_from_its_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
