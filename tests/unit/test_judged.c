/*
 * How many workloads the policy in force has judged, and how many would fall if it decided.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/evidence/bundle_chain.h"
#include "signer/ledger/heads/judged.h"
#include "signer/ledger/heads/verdict.h"

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
get(struct workload_table *t, const char *name)
{
	struct workload *w = workload_get(t, VIEW_LITERAL("spiffe://t/a"), view_of_string(name));

	assert_non_null(w);
	return w;
}

/* As the ledger stages a report. */
static void
take(struct workload_table *t, struct workload *w, uint64_t index, uint8_t group, bool falls)
{
	const struct chain_head head = {
	    .index = index, .verdict = {.group = group, .falls = falls}};

	judged_move(t, w, &head);
	w->head = head;
	w->has_head = true;
}

static void
counts(struct workload_table *t, size_t group, size_t workloads, size_t falls)
{
	const struct judged *j = workload_judged(t);

	assert_int_equal(j->group[group].workloads, workloads);
	assert_int_equal(j->group[group].falls, falls);
}

static void
each_is_counted_where_its_newest_report_has_it(void **state)
{
	struct workload *a = get(*state, "a"), *b = get(*state, "b");

	judged_begin(*state, 10);
	take(*state, a, 11, 2, true);
	take(*state, b, 12, 0, false);
	counts(*state, 2, 1, 1);
	counts(*state, 0, 1, 0);
	take(*state, a, 13, 2, false);
	counts(*state, 2, 1, 0);
	take(*state, a, 14, POLICY_GROUP_COUNT_MAX, true);
	counts(*state, 2, 0, 0);
	counts(*state, POLICY_GROUP_COUNT_MAX, 1, 1);
}

static void
another_policy_has_judged_nobody(void **state)
{
	struct workload *a = get(*state, "a"), *b = get(*state, "b");

	judged_begin(*state, 10);
	take(*state, a, 11, 1, true);
	take(*state, b, 12, 1, true);
	judged_begin(*state, 13);
	counts(*state, 1, 0, 0);
	take(*state, a, 14, 1, false);
	counts(*state, 1, 1, 0);
}

static void
a_start_counts_whom_it_had_judged(void **state)
{
	struct workload *a = get(*state, "a"), *b = get(*state, "b");

	(void)get(*state, "never-reported");
	take(*state, a, 11, 1, true);
	take(*state, b, 14, 1, true);
	judged_resume(*state, 13);
	counts(*state, 1, 1, 1);
	take(*state, b, 15, 0, false);
	counts(*state, 1, 0, 0);
	counts(*state, 0, 1, 0);
}

static void
of_gaps_and_starts_nothing_is_counted(void **state)
{
	struct workload *a = get(*state, "a"), *start = get(*state, "b" BUNDLE_START_SUFFIX);
	struct chain_head gap;

	judged_begin(*state, 10);
	take(*state, start, 11, 1, true);
	take(*state, a, 12, 1, true);
	counts(*state, 1, 1, 1);
	gap = a->head;
	gap.index = 13;
	gap.gaps = 1;
	judged_move(*state, a, &gap);
	a->head = gap;
	counts(*state, 1, 0, 0);
	take(*state, a, 14, 1, true);
	counts(*state, 1, 1, 1);
}

static void
falls_where_the_one_that_does_not_decide_says_worse(void **state)
{
	static const struct {
		enum report_enforce enforce;
		enum report_status now, then;
		bool falls;
	} cases[] = {
	    {REPORT_ENFORCE_OFF, REPORT_AFFIRMING, REPORT_AFFIRMING, false},
	    {REPORT_ENFORCE_OFF, REPORT_AFFIRMING, REPORT_NONE, true},
	    {REPORT_ENFORCE_OFF, REPORT_NONE, REPORT_AFFIRMING, false},
	    {REPORT_ENFORCE_OFF, REPORT_AFFIRMING, REPORT_CONTRAINDICATED, true},
	    {REPORT_ENFORCE_OFF, REPORT_CONTRAINDICATED, REPORT_WARNING, false},
	    {REPORT_ENFORCE_WARN, REPORT_WARNING, REPORT_WARNING, false},
	    {REPORT_ENFORCE_WARN, REPORT_WARNING, REPORT_CONTRAINDICATED, true},
	    {REPORT_ENFORCE_ON, REPORT_AFFIRMING, REPORT_CONTRAINDICATED, false},
	};
	static struct report r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.status = cases[i].now;
		r.rollout =
		    (struct report_rollout){.enforce = cases[i].enforce, .status = cases[i].then};
		assert_int_equal(verdict_next(get(*state, "a"), &r).falls, cases[i].falls);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		each_is_counted_where_its_newest_report_has_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_policy_has_judged_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_start_counts_whom_it_had_judged, setup, teardown),
	    cmocka_unit_test_setup_teardown(of_gaps_and_starts_nothing_is_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		falls_where_the_one_that_does_not_decide_says_worse, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
