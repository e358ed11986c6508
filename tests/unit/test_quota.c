#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <uv.h>

#include "signer/session/quota.h"
#include "signer/session/session_state.h"

#define NOW_US  7000000
#define HOUR_US 3600000000ULL

static struct signer_config config;
static struct service service;
static struct session first, same, other; /* of collectors one, one and two */

static int
set_up(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	memset(&service, 0, sizeof(service));
	config.limits.connections_per_collector = 2;
	config.limits.workloads_per_collector = 3;
	config.limits.components_per_hour = 4;
	config.limits.reports_per_hour = 2;
	config.limits.in_flight_per_collector = 3;
	service.config = &config;
	service.workloads = workload_table_new();
	first = (struct session){.service = &service};
	first.collector = collector_hold(service.workloads, VIEW_LITERAL("one"));
	same = first;
	other = (struct session){.service = &service};
	other.collector = collector_hold(service.workloads, VIEW_LITERAL("two"));
	return service.workloads == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	workload_table_free(&service.workloads);
	return 0;
}

static void
connections_are_counted_by_collector(void **state)
{
	struct session third = first;

	(void)state;
	assert_int_equal(quota_take_connection(&first), ERR_OK);
	assert_int_equal(quota_take_connection(&same), ERR_OK);
	assert_int_equal(quota_take_connection(&third), ERR_QUOTA_CONNECTIONS);
	assert_int_equal(quota_take_connection(&other), ERR_OK);
	quota_give_connection(&third); /* which it did not have */
	assert_int_equal(quota_take_connection(&third), ERR_QUOTA_CONNECTIONS);
	quota_give_connection(&same);
	quota_give_connection(&same);
	assert_int_equal(quota_take_connection(&third), ERR_OK);
	assert_int_equal(first.collector->connection_count, 2);
}

static void
workloads_are_those_that_there_are(void **state)
{
	static const char *const names[] = {"a", "b", "c"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(quota_check_workload(&first), ERR_OK);
		assert_non_null(
		    workload_get_of(service.workloads, first.collector, view_of_string(names[i])));
	}
	assert_int_equal(quota_check_workload(&same), ERR_QUOTA_WORKLOADS);
	assert_int_equal(quota_check_workload(&other), ERR_OK);
	workload_forget(service.workloads,
	    workload_find_of(service.workloads, first.collector, VIEW_LITERAL("b")));
	assert_int_equal(quota_check_workload(&same), ERR_OK);
}

static void
an_hour_has_so_many_components(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(quota_take_component(&first, 1, NOW_US), ERR_OK);
	assert_int_equal(quota_take_component(&same, 1, NOW_US), ERR_QUOTA_COMPONENTS);
	assert_int_equal(
	    quota_take_component(&first, 1, NOW_US + HOUR_US / 4 - 1), ERR_QUOTA_COMPONENTS);
	assert_int_equal(quota_take_component(&first, 1, NOW_US + HOUR_US / 4), ERR_OK);
	assert_int_equal(
	    quota_take_component(&first, 1, NOW_US + HOUR_US / 4), ERR_QUOTA_COMPONENTS);
	assert_int_equal(quota_take_component(&other, 1, NOW_US), ERR_OK);
}

/* Whoever goes and comes again is the same. */
static void
what_was_taken_is_remembered(void **state)
{
	struct session again = {.service = &service};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(quota_take_component(&first, 1, NOW_US), ERR_OK);
	collector_release(service.workloads, first.collector);
	again.collector = collector_hold(service.workloads, VIEW_LITERAL("one"));
	assert_int_equal(quota_take_component(&again, 1, NOW_US), ERR_QUOTA_COMPONENTS);
}

/* What is stored for ever is bytes. */
static void
a_large_component_counts_as_several(void **state)
{
	(void)state;
	assert_int_equal(quota_take_component(&first, QUOTA_COMPONENT_SIZE, NOW_US), ERR_OK);
	assert_int_equal(quota_take_component(&first, QUOTA_COMPONENT_SIZE + 1, NOW_US), ERR_OK);
	assert_int_equal(quota_take_component(&first, 1, NOW_US), ERR_OK);
	assert_int_equal(quota_take_component(&first, 1, NOW_US), ERR_QUOTA_COMPONENTS);
}

/* However small the limit is: what is more than it is owed. */
static void
the_largest_is_taken_and_owed_for(void **state)
{
	const uint64_t largest = 16ULL * 1024 * 1024, parts = largest / QUOTA_COMPONENT_SIZE;
	const uint64_t paid_us = NOW_US + (parts - 3) * HOUR_US / 4;

	(void)state;
	assert_int_equal(quota_take_component(&first, largest, NOW_US), ERR_OK);
	assert_int_equal(quota_take_component(&first, 1, paid_us - 1), ERR_QUOTA_COMPONENTS);
	assert_int_equal(quota_take_component(&first, 1, paid_us), ERR_OK);
	assert_int_equal(quota_take_component(&other, 1, NOW_US), ERR_OK);
}

/* What is refused costs nothing. */
static void
an_hour_has_so_many_reports(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned refused = 0; refused < 9; refused++)
			assert_int_equal(quota_check_report(&first, NOW_US), ERR_OK);
		quota_take_report(&first, NOW_US);
	}
	assert_int_equal(quota_check_report(&same, NOW_US), ERR_QUOTA_REPORTS);
	assert_int_equal(quota_check_report(&same, NOW_US + HOUR_US / 2 - 1), ERR_QUOTA_REPORTS);
	assert_int_equal(quota_check_report(&same, NOW_US + HOUR_US / 2), ERR_OK);
	assert_int_equal(quota_check_report(&other, NOW_US), ERR_OK);
}

static void
what_is_in_flight_is_counted_by_collector(void **state)
{
	struct session fresh = {.service = &service};

	(void)state;
	quota_take_flight(&first);
	quota_take_flight(&first);
	assert_false(quota_is_in_flight(&same));
	quota_take_flight(&same);
	assert_true(quota_is_in_flight(&first));
	assert_true(quota_is_in_flight(&same));
	assert_false(quota_is_in_flight(&other));
	assert_false(quota_is_in_flight(&fresh));
	quota_give_flight(&first);
	assert_false(quota_is_in_flight(&same));
	assert_int_equal(first.in_flight, 1);
}

static uint64_t
clock_us(void)
{
	return uv_hrtime() / 1000;
}

static void
ordinary_messages_cost_no_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000000; i++)
		quota_take_time(&first, QUOTA_TIME_FREE_US, clock_us());
	assert_false(quota_is_resting(&first));
	assert_false(first.collector->owes);
}

static void
who_had_the_loop_for_long_rests_over_all_its_connections(void **state)
{
	const uint64_t now_us = clock_us();

	(void)state;
	quota_take_time(&first, QUOTA_TIME_AT_ONCE_US / 2, now_us);
	assert_false(quota_is_resting(&first));
	quota_take_time(&same, QUOTA_TIME_AT_ONCE_US, now_us);
	assert_true(quota_is_resting(&first));
	assert_true(quota_is_resting(&same));
	assert_false(quota_is_resting(&other));
}

static void
it_rests_nine_times_as_long_as_it_had_the_loop(void **state)
{
	const uint64_t took_us = 10 * QUOTA_TIME_AT_ONCE_US + QUOTA_TIME_FREE_US,
		       now_us = clock_us();

	(void)state;
	/* As if it had been a little less, and a little more, than a rest ago. */
	quota_take_time(&first, took_us, now_us - 90 * QUOTA_TIME_AT_ONCE_US + 1000000);
	assert_true(quota_is_resting(&first));
	first.collector->time_paid_us = 0;
	quota_take_time(&first, took_us, now_us - 90 * QUOTA_TIME_AT_ONCE_US);
	assert_false(quota_is_resting(&first));
}

static void
a_peer_that_has_not_said_hello_rests_not(void **state)
{
	struct session fresh = {.service = &service};

	(void)state;
	quota_take_time(&fresh, 100 * QUOTA_TIME_AT_ONCE_US, clock_us());
	assert_false(quota_is_resting(&fresh));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		connections_are_counted_by_collector, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(workloads_are_those_that_there_are, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_hour_has_so_many_components, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_was_taken_is_remembered, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_large_component_counts_as_several, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_largest_is_taken_and_owed_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_hour_has_so_many_reports, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_is_in_flight_is_counted_by_collector, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(ordinary_messages_cost_no_time, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_had_the_loop_for_long_rests_over_all_its_connections, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		it_rests_nine_times_as_long_as_it_had_the_loop, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_peer_that_has_not_said_hello_rests_not, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
