/*
 * A log walked without evidence: every entry names those before it, nothing goes backwards, and
 * what is not known proves nobody wrong.
 */
#include "tests/unit/walk_fixture.h"

static void
test_a_long_chain(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	for (unsigned i = 0; i < 100; i++) {
		bench_report(b, &m);
		maker_next(b, &m);
	}
	bench_good(b);
	assert_int_equal(b->told, 0);
	assert_int_equal(walk_workloads(b->walk), 1);
	assert_int_equal(walk_counts(b->walk)->reports[report_status_rank(REPORT_AFFIRMING)], 101);
	assert_int_equal(walk_counts(b->walk)->notices[NOTICE_START], 1);
	assert_int_equal(walk_manifests(b->walk)->count, 1);
	assert_int_equal(walk_manifests(b->walk)->term[0].reports, 101);
	assert_string_equal(walk_manifests(b->walk)->term[0].name, b->policy);
}

static void
test_equal_times_are_allowed(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	m.r.bundle.time_ms -= 1000;
	m.r.issued_s--;
	bench_report(b, &m);
	bench_good(b);
}

static void
test_a_chain_may_begin_late(void **state)
{
	struct bench *b = *state;
	struct maker m;

	maker_begin(b, &m, "late");
	m.r.bundle.seq = 500;
	m.r.bundle.prev.bytes[0] = 1;
	bench_report(b, &m);
	bench_good(b);
}

static void
test_signatures_are_remembered(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	m.r.has_signature = true;
	m.r.signature = V("signature");
	m.r.last_signed_s = m.r.issued_s;
	bench_report(b, &m);
	maker_next(b, &m);
	bench_report(b, &m);
	maker_next(b, &m);
	bench_good(b);
	m.r.last_signed_s++;
	bench_report(b, &m);
	bench_bad(b, "hallmark.last-signed");
}

static void
test_a_signature_is_not_forgotten(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	m.r.has_signature = true;
	m.r.signature = V("signature");
	m.r.last_signed_s = m.r.issued_s;
	bench_report(b, &m);
	maker_next(b, &m);
	m.r.last_signed_s = 0;
	bench_report(b, &m);
	bench_bad(b, "hallmark.last-signed");
}

/* One change to the second report of a chain, and what is said of it. */
static void
broken(struct bench *b, void (*change)(struct report *r), const char *words)
{
	struct maker m;

	bench_begin(b, &m);
	change(&m.r);
	bench_report(b, &m);
	bench_bad(b, words);
	assert_string_equal(b->where, "entry 3");
}

static void
forget_previous(struct report *r)
{
	r->has_previous = false;
}

static void
name_another(struct report *r)
{
	r->previous.bytes[5] ^= 1;
}

static void
leave_a_gap(struct report *r)
{
	r->bundle.seq++;
}

static void
repeat_the_number(struct report *r)
{
	r->bundle.seq = 1;
}

static void
name_another_bundle(struct report *r)
{
	r->bundle.prev.bytes[31] ^= 1;
}

static void
measure_earlier(struct report *r)
{
	r->bundle.time_ms = T * 1000 - 1;
}

static void
issue_earlier(struct report *r)
{
	r->issued_s = T;
}

static void
issue_for_another(struct report *r)
{
	r->issuer = V("hallmark.test/other");
}

static void
name_another_notice(struct report *r)
{
	r->notice.index = 0;
}

static void
name_another_leaf(struct report *r)
{
	r->notice.leaf.bytes[0] ^= 1;
}

static void
be_judged_otherwise(struct report *r)
{
	r->policy_id = V("unit@sha256:"
			 "0000000000000000000000000000000000000000000000000000000000000001");
}

static void
be_judged_by_nothing(struct report *r)
{
	r->policy_id = V("unit");
}

#define BROKEN(name, change, words)                                                                \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		broken(*state, change, words);                                                     \
	}

BROKEN(a_missing_predecessor, forget_previous, "the workload has an entry before")
BROKEN(another_predecessor, name_another, "hallmark.previous-report: expected")
BROKEN(a_gap_in_the_sequence, leave_a_gap, "expected sequence number 2, found 3")
BROKEN(a_sequence_number_that_does_not_rise, repeat_the_number, "number over 1, found 1")
BROKEN(another_bundle_before, name_another_bundle, "the bundle before: expected")
BROKEN(times_that_fall, measure_earlier, "time of measurement not before")
BROKEN(issue_that_falls, issue_earlier, "expected iat 1795514401 or later")
BROKEN(a_report_of_another_log, issue_for_another, "expected issuer " ORIGIN)
BROKEN(another_notice, name_another_notice, "expected the newest before it, entry 1, found 0")
BROKEN(another_leaf_of_the_notice, name_another_leaf, "hallmark.notice: leaf: expected")
BROKEN(another_policy, be_judged_otherwise, "it was not judged by the manifest in force")
BROKEN(no_policy, be_judged_by_nothing, "its policy unit names no manifest")

static void
test_a_report_twice(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	bench_report(b, &m);
	bench_good(b);
	bench_report(b, &m);
	bench_bad(b, "hallmark.previous-report");
}

static void
test_a_chain_that_begins_too_late_to_go_on(void **state)
{
	struct bench *b = *state;
	struct maker m;

	maker_begin(b, &m, "at-the-bound");
	m.r.bundle.seq = BUNDLE_SEQ_FIRST_MAX;
	bench_report(b, &m);
	bench_good(b);
	m.r.bundle.workload = V("over-it");
	m.r.bundle.seq++;
	bench_report(b, &m);
	bench_bad(b, "expected a first sequence number of at most");
}

static void
test_issue_falls_even_between_workloads(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	maker_begin(b, &m, "other");
	m.r.issued_s = T;
	bench_report(b, &m);
	bench_bad(b, "expected iat");
}

static void
test_first_reports_with_a_past(void **state)
{
	struct bench *b = *state;
	struct maker m;

	maker_begin(b, &m, "other");
	m.r.has_previous = true;
	bench_report(b, &m);
	bench_bad(b, "names one before it");
	maker_begin(b, &m, "another");
	m.r.last_signed_s = 1;
	bench_report(b, &m);
	bench_expect(b, OUTCOME_BAD, "names a signature before it");
	assert_int_equal(b->defects.bad, 2);
}

static void
test_the_same_workload_of_another_collector_is_another_chain(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	maker_begin(b, &m, "app");
	m.r.collector = V("spiffe://test/host2");
	bench_report(b, &m);
	bench_good(b);
	assert_int_equal(walk_workloads(b->walk), 2);
}

static void
test_what_is_no_entry(void **state)
{
	struct bench *b = *state;
	struct buf good = BUF_INIT;
	struct maker m;

	bench_begin(b, &m);
	maker_write(&m, &good);
	bench_entry(b, V(""));
	bench_bad(b, "found none of them");
	bench_entry(b, V("{}"));
	bench_entry(b, (struct view){good.data, good.size - 1});
	bench_expect(b, OUTCOME_BAD, "expected a report in its one valid form");
	assert_int_equal(b->defects.bad, 3);
	/* They are not part of any chain. */
	bench_entry(b, buf_view(&good));
	assert_int_equal(b->told, 3);
	buf_free(&good);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, bench_open, bench_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_long_chain),
	    TEST(test_equal_times_are_allowed),
	    TEST(test_a_chain_may_begin_late),
	    TEST(test_signatures_are_remembered),
	    TEST(test_a_signature_is_not_forgotten),
	    TEST(test_a_missing_predecessor),
	    TEST(test_another_predecessor),
	    TEST(test_a_gap_in_the_sequence),
	    TEST(test_a_sequence_number_that_does_not_rise),
	    TEST(test_another_bundle_before),
	    TEST(test_times_that_fall),
	    TEST(test_issue_that_falls),
	    TEST(test_a_report_of_another_log),
	    TEST(test_another_notice),
	    TEST(test_another_leaf_of_the_notice),
	    TEST(test_another_policy),
	    TEST(test_no_policy),
	    TEST(test_a_report_twice),
	    TEST(test_a_chain_that_begins_too_late_to_go_on),
	    TEST(test_issue_falls_even_between_workloads),
	    TEST(test_first_reports_with_a_past),
	    TEST(test_the_same_workload_of_another_collector_is_another_chain),
	    TEST(test_what_is_no_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
