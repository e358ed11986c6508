/*
 * How a workload is, since when, and how many are how.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "journal/logger.h"
#include "policy/appraisal/finding.h"
#include "signer/ledger/heads/verdict.h"

static struct report report;

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

static struct workload *
one(struct workload_table *t)
{
	struct workload *w = workload_get(t, VIEW_LITERAL("spiffe://t/a"), VIEW_LITERAL("app"));

	assert_non_null(w);
	return w;
}

/* As the ledger stages it. */
static void
take(struct workload_table *t, struct workload *w, enum report_status status, uint64_t iat_s,
    struct view finding)
{
	report.status = status;
	report.issued_s = iat_s;
	report.finding_count = finding.size > 0 ? 1 : 0;
	report.finding[0].code = finding;
	w->head.verdict = verdict_next(w, &report);
	w->head.due = (struct due){.at_s = iat_s + 60};
	w->has_head = true;
	verdict_settle(t, w);
}

static void
is_as_its_newest_report(void **state)
{
	struct workload *w = one(*state);

	assert_int_equal(verdict_of(w), VERDICT_NEW);
	take(*state, w, REPORT_AFFIRMING, 1000, VIEW_LITERAL(""));
	assert_int_equal(verdict_of(w), VERDICT_AFFIRMING);
	assert_true(view_equal(verdict_finding(w), VIEW_LITERAL("none")));
	take(*state, w, REPORT_CONTRAINDICATED, 1060, VIEW_LITERAL("unknown-file"));
	assert_int_equal(verdict_of(w), VERDICT_CONTRAINDICATED);
	assert_true(view_equal(verdict_finding(w), VIEW_LITERAL("unknown-file")));
	take(*state, w, REPORT_NONE, 1120, VIEW_LITERAL("unheard-of"));
	assert_int_equal(verdict_of(w), VERDICT_NONE);
	assert_true(view_equal(verdict_finding(w), VIEW_LITERAL("none")));
	take(*state, w, REPORT_WARNING, 1180, VIEW_LITERAL("stale-evidence"));
	assert_int_equal(verdict_of(w), VERDICT_WARNING);
}

static void
every_finding_is_found_by_its_code(void **state)
{
	(void)state;
	for (unsigned f = 0; f < FINDING_COUNT; f++)
		assert_int_equal(finding_of_code(finding_code((enum finding)f)), f);
	assert_int_equal(finding_of_code(VIEW_LITERAL("")), FINDING_COUNT);
	assert_true(FINDING_COUNT < UINT8_MAX);
}

static void
since_the_first_of_a_row(void **state)
{
	struct workload *w = one(*state);

	take(*state, w, REPORT_AFFIRMING, 1000, VIEW_LITERAL(""));
	take(*state, w, REPORT_AFFIRMING, 1060, VIEW_LITERAL(""));
	assert_int_equal(w->head.verdict.since_s, 1000);
	take(*state, w, REPORT_WARNING, 1120, VIEW_LITERAL("stale-evidence"));
	take(*state, w, REPORT_WARNING, 1180, VIEW_LITERAL("offline-evidence"));
	assert_int_equal(w->head.verdict.since_s, 1120);
	assert_true(view_equal(verdict_finding(w), VIEW_LITERAL("offline-evidence")));
	/* Later than a head can say. */
	take(*state, w, REPORT_NONE, 253402300799, VIEW_LITERAL(""));
	assert_int_equal(w->head.verdict.since_s, UINT32_MAX);
}

static void
silence_is_since_its_first_absence(void **state)
{
	struct workload *w = one(*state);

	take(*state, w, REPORT_CONTRAINDICATED, 1000, VIEW_LITERAL("unknown-file"));
	for (unsigned i = 1; i <= 3; i++) {
		w->head.due = due_after_absence(w->head.due, 5000 * i);
		verdict_falls_silent(&w->head, 5000 * i);
		verdict_settle(*state, w);
		assert_int_equal(w->head.verdict.since_s, 5000);
	}
	assert_int_equal(verdict_of(w), VERDICT_SILENT);
	assert_int_equal(verdict_reported(w), VERDICT_CONTRAINDICATED);
	assert_true(view_equal(verdict_finding(w), VIEW_LITERAL("overdue")));
	assert_int_equal(workload_class_count(*state, VERDICT_SILENT), 1);
	/* Back as it was, and since now. */
	take(*state, w, REPORT_CONTRAINDICATED, 20000, VIEW_LITERAL("unknown-file"));
	assert_int_equal(w->head.verdict.since_s, 20000);
	assert_int_equal(workload_class_count(*state, VERDICT_SILENT), 0);
	/* Retired while it is silent: nobody waits for it any more. */
	w->head.due = due_after_absence(w->head.due, 30000);
	verdict_settle(*state, w);
	assert_int_equal(verdict_of(w), VERDICT_SILENT);
	w->head.due = due_retired(w->head.due);
	verdict_settle(*state, w);
	assert_int_equal(verdict_of(w), VERDICT_CONTRAINDICATED);
}

static void
each_is_counted_once(void **state)
{
	static const enum report_status statuses[] = {
	    REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED, REPORT_NONE};
	char name[8] = "w00";

	for (unsigned i = 0; i < 1000; i++) {
		struct workload *w;

		name[1] = (char)('0' + i / 10 % 10);
		name[2] = (char)('0' + i % 10);
		w = workload_get(*state, VIEW_LITERAL("a"), view_of_string(name));
		assert_non_null(w);
		take(*state, w, statuses[(i + i / 100) % 4], i, VIEW_LITERAL(""));
	}
	assert_int_equal(workload_count(*state), 100);
	for (unsigned v = VERDICT_AFFIRMING; v < VERDICT_COUNT; v++)
		assert_int_equal(workload_class_count(*state, v), v == VERDICT_SILENT ? 0 : 25);
}

static void
a_walk_in_pieces_sees_each_once(void **state)
{
	size_t at = 0, seen = 0, places;
	struct workload *w;
	char name[8];

	assert_null(workload_next(*state, &at));
	for (unsigned i = 0; i < 100; i++) {
		memcpy(name, "w00", 4);
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		assert_non_null(workload_get(*state, VIEW_LITERAL("a"), view_of_string(name)));
	}
	places = workload_places(*state);
	for (at = 0; (w = workload_next(*state, &at)) != NULL; seen++) {
		assert_int_equal(workload_count_as(*state, w, 1), 0);
		assert_true(at <= places);
	}
	assert_int_equal(seen, 100);
	assert_int_equal(workload_class_count(*state, 1), 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(is_as_its_newest_report, setup, teardown),
	    cmocka_unit_test_setup_teardown(every_finding_is_found_by_its_code, setup, teardown),
	    cmocka_unit_test_setup_teardown(since_the_first_of_a_row, setup, teardown),
	    cmocka_unit_test_setup_teardown(silence_is_since_its_first_absence, setup, teardown),
	    cmocka_unit_test_setup_teardown(each_is_counted_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_walk_in_pieces_sees_each_once, setup, teardown),
	};

	const struct logger_settings quiet = {LOGGER_TEXT, LOGGER_ERROR};

	logger_configure(&quiet);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
