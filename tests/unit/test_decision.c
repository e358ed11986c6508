/*
 * Decisions: what outranks what, how long an admission lives, and when nothing can be known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register/decide/decision.h"
#include "register/decide/wall.h"

#define NOW  1000000
#define BOOT 500000

static struct decided_table *table;
static uint64_t next_index;

static void
follow(unsigned log)
{
	const struct followed_state state = {.log = log,
	    .checked_to = 100,
	    .replayed_to = 100,
	    .newest_issued_s = NOW,
	    .seen_ms = BOOT};

	decided_state(table, &state, BOOT);
	decided_filled(table, log);
}

static int
setup(void **state)
{
	(void)state;
	next_index = 1;
	assert_int_equal(decided_new(2, &table), ERR_OK);
	follow(0);
	follow(1);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	decided_free(&table);
	return 0;
}

static struct decided_row
row(unsigned log, const char *workload, int age_s, enum report_status status)
{
	return (struct decided_row){.log = log,
	    .collector = view_of_string("spiffe://b/h"),
	    .workload = view_of_string(workload),
	    .index = next_index++,
	    .issued_s = (uint64_t)(NOW - age_s),
	    .report = true,
	    .good = true,
	    .expires_s = NOW + 300,
	    .due_s = NOW + 60,
	    .status = status};
}

static void
put(unsigned log, const char *workload, int age_s, enum report_status status)
{
	const struct decided_row r = row(log, workload, age_s, status);

	decided_put(table, &r);
}

static void
put_absence(unsigned log, const char *workload)
{
	struct decided_row r = row(log, workload, 0, REPORT_NONE);

	r.report = false;
	decided_put(table, &r);
}

static struct decision_terms
terms(uint64_t logs)
{
	return (struct decision_terms){.table = table,
	    .sure = true,
	    .now_s = NOW,
	    .boot_ms = BOOT,
	    .behind_ms = 10000,
	    .logs = logs};
}

static struct decision
ask(const struct decision_terms *t, const char *workload)
{
	return decision_of(
	    t, decided_find(table, view_of_string("spiffe://b/h"), view_of_string(workload)));
}

static enum decision_kind
kind(uint64_t logs, const char *workload)
{
	const struct decision_terms t = terms(logs);

	return ask(&t, workload).kind;
}

static void
test_tiers(void **state)
{
	struct decision_terms t = terms(1);

	(void)state;
	put(0, "a", 1, REPORT_AFFIRMING);
	put(0, "w", 1, REPORT_WARNING);
	put(0, "n", 1, REPORT_NONE);
	put(0, "c", 1, REPORT_CONTRAINDICATED);
	assert_int_equal(kind(1, "a"), DECISION_ALLOW);
	assert_int_equal(kind(1, "w"), DECISION_DENY);
	assert_int_equal(kind(1, "n"), DECISION_DENY);
	assert_int_equal(kind(1, "c"), DECISION_DENY);
	assert_int_equal(kind(1, "x"), DECISION_UNKNOWN);
	assert_int_equal(kind(2, "a"), DECISION_UNKNOWN);
	t.warning_allowed = true;
	assert_int_equal(ask(&t, "w").kind, DECISION_ALLOW);
	assert_int_equal(ask(&t, "n").kind, DECISION_DENY);
	/* The next one is the one that counts, as often as it comes. */
	put(0, "a", 0, REPORT_CONTRAINDICATED);
	assert_int_equal(kind(1, "a"), DECISION_DENY);
	put(0, "a", 0, REPORT_AFFIRMING);
	assert_int_equal(kind(1, "a"), DECISION_ALLOW);
}

static void
test_an_entry_that_is_told_again_changes_nothing(void **state)
{
	struct decided_row old = row(0, "a", 1, REPORT_AFFIRMING);

	(void)state;
	put(0, "a", 0, REPORT_CONTRAINDICATED);
	decided_put(table, &old);
	assert_int_equal(kind(1, "a"), DECISION_DENY);
}

static void
test_the_newest_of_several_logs_decides(void **state)
{
	(void)state;
	put(0, "a", 30, REPORT_CONTRAINDICATED);
	put(1, "a", 5, REPORT_AFFIRMING);
	assert_int_equal(kind(3, "a"), DECISION_ALLOW);
	assert_int_equal(kind(1, "a"), DECISION_DENY);
	/* An absence where it was before says nothing of where it is now. */
	put_absence(0, "a");
	assert_int_equal(kind(3, "a"), DECISION_ALLOW);
	put_absence(1, "a");
	assert_int_equal(kind(3, "a"), DECISION_DENY);
	/* Near each other: the worse. */
	put(1, "b", 5, REPORT_AFFIRMING);
	put(0, "b", 5 + DECISION_NEAR_S, REPORT_CONTRAINDICATED);
	assert_int_equal(kind(3, "b"), DECISION_DENY);
	put(1, "b", 4, REPORT_AFFIRMING);
	assert_int_equal(kind(3, "b"), DECISION_ALLOW);
}

static void
test_life(void **state)
{
	struct decision_terms t = terms(1);
	struct decided_row r = row(0, "a", 1, REPORT_AFFIRMING);

	(void)state;
	r.due_s = NOW + 60;
	decided_put(table, &r);
	assert_int_equal(ask(&t, "a").until_s, NOW + 60);
	t.now_s = NOW + 59;
	assert_int_equal(ask(&t, "a").kind, DECISION_ALLOW);
	t.now_s = NOW + 60;
	assert_int_equal(ask(&t, "a").kind, DECISION_DENY);
	assert_string_equal(ask(&t, "a").why, "it is overdue");
	r.index = next_index++;
	r.due_s = 0; /* not known: until it expires */
	decided_put(table, &r);
	assert_int_equal(ask(&t, "a").until_s, NOW + 300);
	t.now_s = NOW + 300;
	assert_string_equal(ask(&t, "a").why, "its report has expired");
	r.index = next_index++;
	r.due_s = NOW + 400;
	decided_put(table, &r);
	assert_int_equal(ask(&t, "a").until_s, NOW + 300);
}

static void
test_what_cannot_be_known(void **state)
{
	struct decision_terms t = terms(1);
	struct decided_row r;

	(void)state;
	put(0, "a", 1, REPORT_AFFIRMING);
	t.sure = false;
	assert_int_equal(ask(&t, "a").kind, DECISION_CANNOT);
	t.sure = true;
	t.boot_ms = BOOT + 10000;
	assert_int_equal(ask(&t, "a").kind, DECISION_ALLOW);
	t.boot_ms = BOOT + 10001; /* not found validly signed since */
	assert_int_equal(ask(&t, "a").kind, DECISION_CANNOT);
	t.boot_ms = BOOT;
	decided_alarm(table, 1, true);
	assert_int_equal(ask(&t, "a").kind, DECISION_ALLOW); /* another log's */
	t.logs = 3;
	assert_int_equal(ask(&t, "a").kind, DECISION_CANNOT);
	decided_alarm(table, 1, false);
	assert_int_equal(ask(&t, "a").kind, DECISION_ALLOW);
	r = row(0, "b", 1, REPORT_AFFIRMING);
	r.good = false; /* its verdict was not made again */
	decided_put(table, &r);
	assert_int_equal(ask(&t, "b").kind, DECISION_CANNOT);
	decided_forget(table, 0);
	assert_int_equal(ask(&t, "a").kind, DECISION_CANNOT);
	follow(0);
	assert_int_equal(ask(&t, "a").kind, DECISION_UNKNOWN);
}

static void
test_replay_that_is_behind(void **state)
{
	struct decision_terms t = terms(1);
	struct followed_state s = {
	    .log = 0, .checked_to = 200, .replayed_to = 150, .seen_ms = BOOT + 20000};

	(void)state;
	put(0, "a", 1, REPORT_AFFIRMING);
	decided_state(table, &s, BOOT);
	t.boot_ms = BOOT + 10000;
	assert_int_equal(ask(&t, "a").kind, DECISION_ALLOW);
	s.checked_to = 300; /* more comes, and what was there first is not reached */
	s.replayed_to = 190;
	decided_state(table, &s, BOOT + 9000);
	t.boot_ms = BOOT + 10001;
	assert_int_equal(ask(&t, "a").kind, DECISION_CANNOT);
	s.replayed_to = 200;
	decided_state(table, &s, BOOT + 10001);
	assert_int_equal(ask(&t, "a").kind, DECISION_ALLOW);
}

/* Started again, or back with a copy that was away: what was said long ago is not the newest. */
static void
test_a_log_that_is_caught_up_with(void **state)
{
	struct decision_terms t = terms(1);
	struct followed_state s = {
	    .log = 0, .size = 90000, .checked_to = 200, .replayed_to = 200, .seen_ms = BOOT};

	(void)state;
	put(0, "a", 1, REPORT_AFFIRMING);
	decided_forget(table, 0);
	put(0, "b", 1, REPORT_AFFIRMING);
	decided_filled(table, 0);
	decided_state(table, &s, BOOT);
	assert_int_equal(ask(&t, "b").kind, DECISION_CANNOT);
	s.checked_to = s.replayed_to = 90000;
	decided_state(table, &s, BOOT);
	assert_int_equal(ask(&t, "b").kind, DECISION_ALLOW);
	t.boot_ms = BOOT + 10001;
	assert_int_equal(ask(&t, "b").kind, DECISION_CANNOT);
	s.size = 95000;
	s.checked_to = s.replayed_to = 91000;
	s.seen_ms = BOOT + 10000;
	decided_state(table, &s, BOOT + 10001);
	assert_int_equal(ask(&t, "b").kind, DECISION_CANNOT);
	s.checked_to = s.replayed_to = 95000;
	decided_state(table, &s, BOOT + 10001);
	assert_int_equal(ask(&t, "b").kind, DECISION_ALLOW);
}

static void
test_both(void **state)
{
	struct decision_terms t = terms(1);
	struct decision a, c, x, n, both;

	(void)state;
	put(0, "a", 1, REPORT_AFFIRMING);
	put(0, "c", 1, REPORT_CONTRAINDICATED);
	a = ask(&t, "a");
	c = ask(&t, "c");
	x = ask(&t, "x");
	n = (struct decision){.kind = DECISION_CANNOT};
	assert_int_equal(decision_both(&a, &a).kind, DECISION_ALLOW);
	assert_int_equal(decision_both(&a, &c).kind, DECISION_DENY);
	assert_int_equal(decision_both(&c, &n).kind, DECISION_DENY);
	assert_int_equal(decision_both(&a, &n).kind, DECISION_CANNOT);
	assert_int_equal(decision_both(&x, &a).kind, DECISION_DENY);
	assert_int_equal(decision_both(&x, &x).kind, DECISION_UNKNOWN);
	both = a;
	both.until_s = a.until_s - 1;
	assert_int_equal(decision_both(&a, &both).until_s, a.until_s - 1);
}

static struct decision
ask_group(uint64_t logs, unsigned share)
{
	const struct decision_terms t = terms(logs);

	return decision_of_group(&t, VIEW_LITERAL("floor"), share);
}

static void
put_in_group(unsigned log, const char *workload, const char *group, enum report_status status)
{
	struct decided_row r = row(log, workload, 1, status);

	r.group = view_of_string(group);
	decided_put(table, &r);
}

static void
test_groups(void **state)
{
	struct decided_row r;

	(void)state;
	assert_int_equal(ask_group(1, 100).kind, DECISION_UNKNOWN);
	put_in_group(0, "a", "floor", REPORT_AFFIRMING);
	put_in_group(0, "b", "floor", REPORT_AFFIRMING);
	put_in_group(0, "x", "other", REPORT_CONTRAINDICATED);
	assert_int_equal(ask_group(1, 100).kind, DECISION_ALLOW);
	assert_int_equal(ask_group(1, 100).members, 2);
	put_in_group(0, "b", "floor", REPORT_CONTRAINDICATED);
	assert_int_equal(ask_group(1, 100).kind, DECISION_DENY);
	assert_int_equal(ask_group(1, 50).kind, DECISION_ALLOW);
	assert_int_equal(ask_group(1, 51).kind, DECISION_DENY);
	put_absence(0, "a");
	assert_int_equal(ask_group(1, 1).kind, DECISION_DENY);
	put_in_group(0, "a", "floor", REPORT_AFFIRMING);
	/* Moved to another log, it counts once, and there. */
	r = row(1, "b", 0, REPORT_AFFIRMING);
	r.group = VIEW_LITERAL("floor");
	r.issued_s = NOW + 3;
	decided_put(table, &r);
	assert_int_equal(ask_group(3, 100).kind, DECISION_ALLOW);
	assert_int_equal(ask_group(3, 100).members, 2);
	/* Who leaves, or is moved to another group, is a member no more. */
	r.index = next_index++;
	r.leaving = true;
	decided_put(table, &r);
	put_in_group(0, "b", "other", REPORT_CONTRAINDICATED);
	assert_int_equal(ask_group(3, 100).members, 1);
	assert_int_equal(ask_group(3, 100).kind, DECISION_ALLOW);
}

/* What a gate has measured speaks for nobody who runs, neither well nor ill. */
static void
test_a_start_is_of_no_group(void **state)
{
	struct decided_row r;

	(void)state;
	put_in_group(0, "a/start", "floor", REPORT_AFFIRMING);
	assert_int_equal(ask_group(1, 100).kind, DECISION_UNKNOWN);
	put_in_group(0, "a", "floor", REPORT_CONTRAINDICATED);
	assert_int_equal(ask_group(1, 50).kind, DECISION_DENY);
	put_in_group(0, "a", "floor", REPORT_AFFIRMING);
	r = row(0, "a/start", 0, REPORT_CONTRAINDICATED);
	r.group = VIEW_LITERAL("floor");
	r.index = next_index++;
	decided_put(table, &r);
	assert_int_equal(ask_group(1, 100).kind, DECISION_ALLOW);
	assert_int_equal(ask_group(1, 100).members, 1);
}

static void
test_wall(void **state)
{
	struct wall w = {0};
	int64_t wall = INT64_C(1000000000);
	uint64_t boot = 5000;

	(void)state;
	assert_true(wall_look(&w, wall, boot, 999990));
	assert_true(wall_look(&w, wall += 60000, boot += 60000, 999990));
	/* Suspended: both go on. */
	assert_true(wall_look(&w, wall += 36000000, boot += 36000000, 999990));
	/* Set back: until a log agrees. */
	assert_false(wall_look(&w, wall -= 100000, boot, 999990));
	assert_false(wall_look(&w, wall += 1000, boot += 1000, 999990));
	assert_false(wall_look(&w, wall, boot, 999991)); /* an old entry is no clock */
	assert_true(wall_look(&w, wall, boot, (uint64_t)wall / 1000));
	wall += 1000;
	assert_true(wall_look(&w, wall, boot += 1000, (uint64_t)wall / 1000));
	/* Forward, and back again. */
	assert_false(wall_look(&w, wall + 100000, boot, (uint64_t)wall / 1000));
	assert_true(wall_look(&w, wall, boot, (uint64_t)wall / 1000));
	/* In small steps: they add up. */
	for (int i = 0; i < 3; i++)
		(void)wall_look(&w, wall -= 1000, boot, w.newest_s);
	assert_false(wall_look(&w, wall, boot, w.newest_s));
}

static void
test_a_log_in_the_future(void **state)
{
	struct wall w = {0};

	(void)state;
	assert_true(wall_look(&w, 1000000, 5000, 1000 + WALL_APART_S));
	assert_false(wall_look(&w, 1000000, 5000, 1001 + WALL_APART_S));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_tiers, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_an_entry_that_is_told_again_changes_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_the_newest_of_several_logs_decides, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_life, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_what_cannot_be_known, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_replay_that_is_behind, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_log_that_is_caught_up_with, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_both, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_start_is_of_no_group, setup, teardown),
	    cmocka_unit_test(test_wall),
	    cmocka_unit_test(test_a_log_in_the_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
