/*
 * Absences, without a ledger: what would be staged is read and remembered here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/report/absence.h"
#include "signer/chronicle/absences.h"
#include "signer/ledger/ledger_stage.h"
#include "tests/unit/standing_fixture.h"

#define HOST "spiffe://t/host"

/* --- a ledger that remembers ----------------------------------------------------------------- */

static struct buf staged;
static struct absence_document entry;
static uint64_t entry_count, absent_count, newest_index, room;

struct buf *
ledger_entry_begin(struct ledger *l)
{
	(void)l;
	buf_clear(&staged);
	return &staged;
}

void
ledger_entry_cancel(struct ledger *l)
{
	(void)l;
	fail();
}

bool
ledger_entry_fits(const struct ledger *l)
{
	(void)l;
	return room > 0;
}

const struct digest *
ledger_head_leaf(struct ledger *l, const struct workload *w)
{
	(void)l;
	return &w->head.entry_leaf;
}

enum err
ledger_absence_end(
    struct ledger *l, uint64_t issued_s, struct workload_update *absent, size_t count)
{
	(void)l;
	assert_int_equal(absence_parse(buf_view(&staged), &entry), ERR_OK);
	assert_int_equal(entry.absence.count, count);
	assert_int_equal(entry.absence.issued_s, issued_s);
	for (size_t i = 0; i < count; i++) {
		const struct absence_workload *said = &entry.absence.absent[i];
		struct workload *w = absent[i].workload;

		assert_true(view_equal(said->workload, workload_name(w)));
		assert_true(view_equal(entry.absence.collector, workload_collector(w)));
		assert_true(due_is_over(w->head.due, issued_s));
		assert_int_equal(said->due_s, w->head.due.at_s);
		assert_int_equal(said->count, w->head.due.count + 1);
		absent[i].head.entry_index = newest_index + 1;
		w->head = absent[i].head;
	}
	newest_index++;
	entry_count++;
	absent_count += count;
	room--;
	return ERR_OK;
}

/* Of notices, which nothing here puts. */
struct buf *
ledger_evidence(struct ledger *l)
{
	(void)l;
	fail();
	return NULL;
}

const struct token_seen *
ledger_token(const struct ledger *l)
{
	(void)l;
	fail();
	return NULL;
}

uint64_t
ledger_last_issued_s(const struct ledger *l)
{
	(void)l;
	fail();
	return 0;
}

enum err
ledger_notice_end(
    struct ledger *l, const struct notice_row *row, void *waiter, struct entry_place *place)
{
	(void)l;
	(void)row;
	(void)waiter;
	(void)place;
	fail();
	return ERR_INVARIANT;
}

void
ledger_end_key(struct ledger *l)
{
	(void)l;
	fail();
}

/* --- workloads that report ---------------------------------------------------------------------
 */

static struct workload_table *table;
static struct notice_writer notices;
static struct absences *s;

static struct workload *
workload(const char *collector, const char *name)
{
	struct workload *w = workload_get(table, view_of_string(collector), view_of_string(name));

	assert_non_null(w);
	return w;
}

/* It reports, and is due at this second. */
static struct workload *
report(const char *collector, const char *name, uint64_t due_s)
{
	struct workload *w = workload(collector, name);
	const struct due before = w->head.due;

	w->has_head = true;
	w->head.due = (struct due){.at_s = due_s, .grace_s = 10};
	absences_on_report(s, w, before);
	return w;
}

/* How many are called absent by a sweep of this second. */
static uint64_t
sweep(uint64_t now_s)
{
	const uint64_t before = absent_count;

	absences_sweep(s, now_s);
	return absent_count - before;
}

static void
who_is_overdue_is_called_absent_once_a_day(void **state)
{
	(void)state;
	report(HOST, "app", T + 10);
	assert_int_equal(sweep(T + 10), 0);
	assert_int_equal(sweep(T + 11), 1);
	assert_int_equal(s->silent, 1);
	for (uint64_t t = T + 12; t <= T + 11 + DUE_REPEAT_S; t += 59)
		assert_int_equal(sweep(t), 0);
	assert_int_equal(sweep(T + 11 + DUE_REPEAT_S + 1), 1);
	assert_int_equal(entry.absence.absent[0].count, 2);
	assert_int_equal(s->silent, 1);
}

static void
a_report_is_the_end_of_silence(void **state)
{
	(void)state;
	report(HOST, "app", T + 10);
	assert_int_equal(sweep(T + 11), 1);
	report(HOST, "app", T + 100);
	assert_int_equal(s->silent, 0);
	assert_int_equal(sweep(T + 100), 0);
	report(HOST, "app", T + 200);
	assert_int_equal(sweep(T + 200), 0);
	assert_int_equal(sweep(T + 201), 1);
	assert_int_equal(entry.absence.absent[0].count, 1);
}

static void
rounds_of_a_collector_are_a_minute_apart(void **state)
{
	(void)state;
	report(HOST, "a", T + 10);
	report(HOST, "b", T + 20);
	report("spiffe://t/other", "c", T + 20);
	assert_int_equal(sweep(T + 11), 1);
	assert_int_equal(sweep(T + 21), 1); /* the other one's first */
	assert_true(view_equal(entry.absence.collector, VIEW_LITERAL("spiffe://t/other")));
	for (uint64_t t = T + 22; t < T + 11 + DUE_ROUND_S; t++)
		assert_int_equal(sweep(t), 0);
	assert_int_equal(sweep(T + 11 + DUE_ROUND_S), 1);
	assert_true(view_equal(entry.absence.absent[0].workload, VIEW_LITERAL("b")));
}

static void
who_reports_while_his_round_is_awaited_is_not_absent(void **state)
{
	(void)state;
	report(HOST, "a", T + 10);
	report(HOST, "b", T + 20);
	assert_int_equal(sweep(T + 11), 1);
	assert_int_equal(sweep(T + 40), 0);
	report(HOST, "b", T + 200);
	assert_int_equal(sweep(T + 11 + DUE_ROUND_S), 0);
	assert_int_equal(sweep(T + 201), 1);
}

static void
an_entry_has_up_to_128_sorted_by_name(void **state)
{
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		report(HOST, name, T + 10);
	}
	/* absence_parse, above, refuses what is not sorted. */
	assert_int_equal(sweep(T + 11), 300);
	assert_int_equal(entry_count, 3);
	assert_int_equal(s->silent, 300);
}

static void
what_does_not_fit_is_put_later_and_holds_up_reports_when_it_is_late(void **state)
{
	(void)state;
	report(HOST, "a", T + 10);
	report("spiffe://t/other", "b", T + 10);
	room = 1;
	assert_int_equal(sweep(T + 11), 1);
	assert_true(s->behind);
	assert_int_equal(sweep(T + 10 + DUE_ROUND_S), 0);
	assert_false(absences_is_late(s));
	assert_int_equal(sweep(T + 11 + DUE_ROUND_S), 0);
	assert_true(absences_is_late(s)); /* long before an entry would prove it left out */
	room = 10;
	assert_int_equal(sweep(T + 11 + DUE_ROUND_S), 1);
	assert_false(s->behind);
	assert_false(absences_is_late(s));
}

static void
a_sweep_is_bounded_and_goes_on(void **state)
{
	char name[64];
	unsigned sweeps = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), HOST "-%u", i);
		report(name, "app", T + 10);
	}
	do {
		assert_in_range(sweep(T + 11), 1, 256);
		sweeps++;
	} while (s->behind);
	assert_int_equal(sweeps, 4);
	assert_int_equal(absent_count, 1000);
}

static void
a_start_moves_all_dues(void **state)
{
	(void)state;
	report(HOST, "app", T + 10);
	report(HOST, "later", T + 5000);
	absences_on_start(s, T, T + 1000);
	assert_int_equal(sweep(T + 1010), 0);
	assert_int_equal(sweep(T + 1011), 1);
	assert_int_equal(entry.absence.absent[0].due_s, T + 1010);
	assert_int_equal(sweep(T + 5001), 1);
	assert_int_equal(s->silent, 2);
	absences_on_start(s, T + 5001, T + 6000);
	assert_int_equal(s->silent, 2); /* counted anew */
}

static struct statement
retire(const char *collector, const char *name)
{
	return (struct statement){.kind_name = VIEW_LITERAL("retire"),
	    .member_count = 2,
	    .member = {{VIEW_LITERAL("collector"), view_of_string(collector)},
		{VIEW_LITERAL("workload"), view_of_string(name)}}};
}

static void
who_is_retired_is_awaited_no_more(void **state)
{
	struct statement said = retire(HOST, "app");

	(void)state;
	report(HOST, "app", T + 10);
	absences_on_statement(s, &said, T);
	assert_int_equal(sweep(T + 100000), 0);
	report(HOST, "app", T + 100010);
	assert_int_equal(sweep(T + 100011), 1);
	absences_on_statement(s, &said, T);
	assert_int_equal(s->silent, 0);
	assert_int_equal(sweep(T + 900000), 0);
	said = retire(HOST, "nobody");
	absences_on_statement(s, &said, T);
}

/* What was a day ahead is of now: dues, and when a round was put. */
static void
a_log_that_is_set_back_waits_for_everybody_anew(void **state)
{
	const struct statement said = {.kind_name = VIEW_LITERAL("clock")};
	struct workload *w;

	(void)state;
	w = report(HOST, "app", T + 86400 + 10);
	w->head.due.interval_s = 30;
	w->head.time_ms = (T + 86400) * 1000 & CHAIN_TIME_MASK;
	w->head.last_signed_s = T + 86400;
	report(HOST, "silent", T + 86400);
	report(HOST, "leaves", T + 86400);
	w = report("spiffe://t/other", "seldom", T + 5);
	w->head.due.interval_s = 2000000;
	due_ring_set(&s->ring, w);
	assert_int_equal(sweep(T + 86401), 3);
	workload(HOST, "leaves")->head.due.at_s = 0;
	absences_on_statement(s, &said, T);
	assert_int_equal(workload(HOST, "app")->head.due.at_s, T + 40);
	assert_int_equal(workload(HOST, "app")->head.time_ms, T * 1000);
	assert_int_equal(workload(HOST, "app")->head.last_signed_s, T);
	assert_int_equal(sweep(T + 40), 0);
	assert_int_equal(sweep(T + 59), 0);
	assert_int_equal(sweep(T + DUE_ROUND_S), 1); /* a minute behind, as its last round is now */
	assert_true(view_equal(entry.absence.absent[0].workload, VIEW_LITERAL("app")));
	assert_int_equal(sweep(T + DUE_REPEAT_S), 0);
	assert_int_equal(sweep(T + DUE_REPEAT_S + 1), 2); /* each once a day, as ever */
}

/* A statement of cem's is taken: everybody is excused from T to `to_s`. */
static void
maintain(struct stand *stand, uint64_t to_s)
{
	struct statement said =
	    stand_statement(stand, "maintenance", "collectors", "*://*/*", "workloads", "*");

	said.not_after_s = to_s;
	assert_int_equal(stand_take(stand, notices.standing, &said, &stand->cem, NULL), ERR_OK);
	absences_on_statement(s, &said, T);
}

/* Whenever a workload is looked at, it is as if all had been moved at once. */
static void
maintenance_of_many_is_applied_in_pieces(void **state)
{
	enum { COUNT = 50000 };
	static struct workload *w[COUNT];
	static struct stand stand;
	unsigned calls = 0;
	char name[64];

	(void)state;
	stand_setup(&stand);
	standing_free(&notices.standing);
	notices.standing = stand_begin(&stand, &stand.one);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), HOST "-%u", i);
		w[i] = report(name, "app", T + 10 + i % 2);
	}
	sweep(T + 11); /* some are overdue already, and some of these have their absence */
	assert_true(s->behind);
	assert_in_range(absent_count, 1, 256);
	maintain(&stand, T + 1000);
	assert_true(absences_are_moving(s));
	for (; s->behind; calls++)
		assert_int_equal(sweep(T + 12), 0);
	assert_false(absences_are_moving(s));
	assert_in_range(calls, 2, 20);
	for (unsigned i = 0; i < COUNT; i++)
		assert_true(w[i]->head.due.at_s == T + 1010 || w[i]->head.due.count == 1);
	/* What was moved stays so when the windows are others. */
	maintain(&stand, T + 2000);
	assert_true(absences_are_moving(s));
	absences_settle(s);
	assert_false(absences_are_moving(s));
	standing_expire(notices.standing, T + 3000);
	assert_int_equal(sweep(T + 2009), 0);
	stand_teardown(&stand);
}

/* One collector each; most report in time, and one in a thousand does not. */
static void
a_million_workloads_are_no_burden(void **state)
{
	enum { COUNT = 1000000, INTERVAL_S = 60 };
	struct workload **w = calloc(COUNT, sizeof(struct workload *));
	struct timespec begin, end;
	double longest_ms = 0, all_ms = 0;
	char name[64];

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), HOST "-%u", i);
		w[i] = report(name, "app", T + INTERVAL_S + i % INTERVAL_S);
	}
	for (uint64_t t = T; t < T + 5 * INTERVAL_S; t++) {
		for (unsigned i = (unsigned)(t % INTERVAL_S); i < COUNT; i += INTERVAL_S)
			if (i % 1000 != 0)
				w[i]->head.due.at_s =
				    t + INTERVAL_S + 10; /* all that a report does */
		do {
			double ms;

			clock_gettime(CLOCK_MONOTONIC, &begin);
			absences_sweep(s, t);
			clock_gettime(CLOCK_MONOTONIC, &end);
			ms = (double)(end.tv_sec - begin.tv_sec) * 1e3 +
			     (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
			longest_ms = ms > longest_ms ? ms : longest_ms;
			all_ms += ms;
		} while (s->behind);
	}
	assert_int_equal(absent_count, COUNT / 1000);
	assert_int_equal(s->silent, COUNT / 1000);
	printf(
	    "1,000,000 workloads that report each minute: the longest call took %.1f ms, a second "
	    "of the log %.1f ms\n",
	    longest_ms, all_ms / (5 * INTERVAL_S));
	free(w);
}

static int
setup(void **state)
{
	struct standing *nothing;

	(void)state;
	staged = BUF_INIT;
	memset(&entry, 0, sizeof(entry));
	entry_count = absent_count = newest_index = 0;
	room = UINT64_MAX;
	table = workload_table_new();
	s = calloc(1, sizeof(*s));
	if (table == NULL || s == NULL ||
	    standing_new(VIEW_LITERAL("log.example/test"), &nothing) != ERR_OK)
		return 1;
	notice_writer_init(&notices, VIEW_LITERAL("log.example/test"), NULL, nothing);
	absences_init(s, table, &notices);
	absences_on_start(s, T, T);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	absences_free(s);
	free(s);
	notice_writer_free(&notices);
	workload_table_free(&table);
	absence_document_free(&entry);
	buf_free(&staged);
	return 0;
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(who_is_overdue_is_called_absent_once_a_day),
	    ROW(a_report_is_the_end_of_silence),
	    ROW(rounds_of_a_collector_are_a_minute_apart),
	    ROW(who_reports_while_his_round_is_awaited_is_not_absent),
	    ROW(an_entry_has_up_to_128_sorted_by_name),
	    ROW(what_does_not_fit_is_put_later_and_holds_up_reports_when_it_is_late),
	    ROW(a_sweep_is_bounded_and_goes_on),
	    ROW(a_start_moves_all_dues),
	    ROW(maintenance_of_many_is_applied_in_pieces),
	    ROW(who_is_retired_is_awaited_no_more),
	    ROW(a_log_that_is_set_back_waits_for_everybody_anew),
	    ROW(a_million_workloads_are_no_burden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
