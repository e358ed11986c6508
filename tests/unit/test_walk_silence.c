/* Who has to be heard of again, over a log: what a report, an absence, a start, windows and a loss
 * of what is in force do to the dues, and who is left out. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "log/walk/silence.h"
#include "policy/rules/rule.h"

#define T    1795514400ULL
#define V(s) VIEW_LITERAL(s)

struct bench {
	struct chains chains;
	struct silence silence;
	struct policy_rule rule; /* of everybody */
	uint64_t index;
};

static int
open_bench(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_int_equal(chains_init(&b->chains), ERR_OK);
	b->rule.grace_s = 10;
	*state = b;
	return 0;
}

static int
close_bench(void **state)
{
	struct bench *b = *state;

	silence_free(&b->silence);
	chains_free(&b->chains);
	free(b);
	return 0;
}

/* A first report at `iat_s`, whoever's. */
static struct chain *
report(struct bench *b, const char *workload, uint64_t iat_s, uint64_t next_s)
{
	struct report r = {.collector = V("spiffe://test/host1"), .issued_s = iat_s};
	struct digest entry;
	struct reason reason;
	struct chain *c;

	reason_begin(&reason);
	r.bundle.workload = view_of_string(workload);
	r.bundle.seq = 1;
	r.bundle.next_s = next_s;
	memset(entry.bytes, (int)b->index, sizeof(entry.bytes));
	c = chains_take_report(&b->chains, &r, b->index++, &entry, &reason);
	assert_non_null(c);
	assert_int_equal(silence_take_report(&b->silence, c, &r, &b->rule), ERR_OK);
	return c;
}

static enum outcome
absence(struct bench *b, struct chain *c, uint64_t iat_s, uint64_t due_s)
{
	const struct absence_workload a = {.workload = chain_workload(c), .due_s = due_s};
	struct reason reason;

	reason_begin(&reason);
	assert_int_equal(silence_take_absence(&b->silence, c, iat_s, &a, &reason), ERR_OK);
	return reason.outcome;
}

static void
nobody(struct bench *b, uint64_t iat_s)
{
	assert_null(silence_left_out(&b->silence, iat_s));
}

static void
test_who_is_late_is_given_once(void **state)
{
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60), *db = report(b, "db", T, 50);

	assert_int_equal(app->due.at_s, T + 70);
	nobody(b, T + 180);
	assert_ptr_equal(silence_left_out(&b->silence, T + 181), db);
	nobody(b, T + 181);
	nobody(b, T + 190);
	assert_ptr_equal(silence_left_out(&b->silence, T + 191), app);
	nobody(b, T + 10000);
	/* The absence that comes too late is held against the due. */
	assert_int_equal(absence(b, app, T + 10000, T + 71), OUTCOME_BAD);
	assert_int_equal(absence(b, db, T + 10000, T + 60), OUTCOME_GOOD);
	nobody(b, T + 10000 + DUE_REPEAT_S + DUE_SLACK_S);
	assert_non_null(silence_left_out(&b->silence, T + 10001 + DUE_REPEAT_S + DUE_SLACK_S));
}

static void
test_an_absence_is_right_behind_its_due(void **state)
{
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60);

	assert_int_equal(absence(b, app, T + 70, T + 70), OUTCOME_BAD);
	app = report(b, "web", T, 60);
	assert_int_equal(absence(b, app, T + 71, T + 70), OUTCOME_GOOD);
	assert_int_equal(app->due.at_s, T + 71 + DUE_REPEAT_S);
	app = report(b, "once", T, 0);
	assert_int_equal(absence(b, app, T + 1000, T + 70), OUTCOME_BAD);
}

static void
test_a_start_moves_who_would_be_late(void **state)
{
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60), *db = report(b, "db", T, 5000);

	assert_int_equal(silence_take_start(&b->silence, &b->chains, T, T + 1000), ERR_OK);
	assert_int_equal(app->due.at_s, T + 1010);
	assert_int_equal(db->due.at_s, T + 5010);
	nobody(b, T + 1130);
	assert_ptr_equal(silence_left_out(&b->silence, T + 1131), app);
}

static void
test_starts_put_off_nobody_for_ever(void **state)
{
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60);

	for (uint64_t at_s = T + 50; at_s < T + 190; at_s += 10) {
		nobody(b, at_s);
		assert_int_equal(silence_take_start(&b->silence, &b->chains, at_s, at_s), ERR_OK);
	}
	assert_int_equal(app->due.at_s, T + 70);
	assert_ptr_equal(silence_left_out(&b->silence, T + 191), app);
}

static void
test_windows_move_who_is_due_in_them(void **state)
{
	const struct due_window windows[] = {{V("*://test/*"), V("a*"), T + 70, T + 500}};
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60), *db = report(b, "db", T, 60), *api;

	/* Those that are in force already move nothing again. */
	assert_int_equal(silence_take_windows(&b->silence, &b->chains, windows, 1, false), ERR_OK);
	assert_int_equal(app->due.at_s, T + 70);
	assert_int_equal(silence_take_windows(&b->silence, &b->chains, windows, 1, true), ERR_OK);
	assert_int_equal(app->due.at_s, T + 510);
	assert_int_equal(db->due.at_s, T + 70);
	/* And whoever reports while they are. */
	api = report(b, "api", T, 100);
	assert_int_equal(api->due.at_s, T + 510);
	assert_int_equal(silence_take_windows(&b->silence, &b->chains, NULL, 0, false), ERR_OK);
	assert_int_equal(api->due.at_s, T + 510);
	assert_int_equal(report(b, "apt", T, 100)->due.at_s, T + 110);
}

/* Who was named is not named again because a window came. */
static void
test_a_window_for_others_names_nobody_again(void **state)
{
	const struct due_window windows[] = {{V("*://test/*"), V("b*"), T, T + 500}};
	struct bench *b = *state;

	report(b, "app", T, 60);
	assert_non_null(silence_left_out(&b->silence, T + 191));
	assert_int_equal(silence_take_windows(&b->silence, &b->chains, windows, 1, true), ERR_OK);
	nobody(b, T + 191);
}

static void
test_who_is_retired_is_due_when_he_reports(void **state)
{
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60);

	assert_int_equal(silence_retire(&b->silence, app), ERR_OK);
	nobody(b, T + 100000);
	assert_int_equal(absence(b, app, T + 100, T + 70), OUTCOME_BAD);
	report(b, "app", T + 100000, 60);
	assert_ptr_equal(silence_left_out(&b->silence, T + 100191), app);
}

static void
test_while_it_is_not_known_what_is_in_force_nobody_is_due(void **state)
{
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60), *db;

	assert_int_equal(silence_lose(&b->silence, &b->chains), ERR_OK);
	db = report(b, "db", T, 60);
	nobody(b, T + 100000);
	assert_int_equal(absence(b, app, T + 100, T + 70), OUTCOME_UNKNOWN);
	/* Nor before they report again. */
	assert_int_equal(silence_take_windows(&b->silence, &b->chains, NULL, 0, false), ERR_OK);
	assert_int_equal(absence(b, db, T + 100, T + 70), OUTCOME_UNKNOWN);
	nobody(b, T + 100000);
	report(b, "db", T + 100000, 60);
	assert_ptr_equal(silence_left_out(&b->silence, T + 100191), db);
}

static void
test_without_a_rule_nobody_is_due(void **state)
{
	struct report r = {.collector = V("spiffe://test/host1"), .issued_s = T};
	struct bench *b = *state;
	struct chain *app = report(b, "app", T, 60);

	r.bundle.next_s = 60;
	assert_int_equal(silence_take_report(&b->silence, app, &r, NULL), ERR_OK);
	nobody(b, T + 100000);
	assert_int_equal(absence(b, app, T + 100, T + 70), OUTCOME_UNKNOWN);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, open_bench, close_bench)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_who_is_late_is_given_once),
	    TEST(test_an_absence_is_right_behind_its_due),
	    TEST(test_a_start_moves_who_would_be_late),
	    TEST(test_starts_put_off_nobody_for_ever),
	    TEST(test_windows_move_who_is_due_in_them),
	    TEST(test_a_window_for_others_names_nobody_again),
	    TEST(test_who_is_retired_is_due_when_he_reports),
	    TEST(test_while_it_is_not_known_what_is_in_force_nobody_is_due),
	    TEST(test_without_a_rule_nobody_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
