/* Notices and absences of a log, walked without evidence: how they hang together. */
#include "tests/unit/walk_fixture.h"

/* --- notices ------------------------------------------------------------------------------ */

static void
test_notices_hang_together(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_START);
	struct maker m;

	n.issued_s = n.to_s = T + 60;
	bench_notice(b, &n);
	bench_good(b);
	assert_int_equal(walk_counts(b->walk)->stops, 1);
	assert_int_equal(walk_counts(b->walk)->down_s, 60);
	maker_begin(b, &m, "app"); /* names the newest */
	m.r.issued_s = T + 60;
	m.r.bundle.time_ms = T * 1000 + 60000;
	bench_report(b, &m);
	bench_good(b);
}

static void
test_a_notice_that_is_left_out(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_START);

	n.previous.index = 0;
	bench_notice(b, &n);
	bench_bad(b, "hallmark.previous-notice: expected entry 1, found 0");
}

static void
test_a_notice_with_another_before(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_MANIFEST);

	n.previous.leaf.bytes[3] ^= 1;
	bench_notice(b, &n);
	bench_bad(b, "hallmark.previous-notice: leaf: expected");
}

static void
test_a_second_beginning(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_START);

	n.has_previous = false;
	bench_notice(b, &n);
	bench_bad(b, "expected hallmark.previous-notice");
}

static void
test_a_down_time_with_an_entry_in_it(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_START);

	n.issued_s = n.to_s = T + 60;
	n.from_s = T - 1;
	bench_notice(b, &n);
	bench_bad(b, "expected a time without bundles from 1795514400 on");
}

static void
test_a_report_before_any_manifest(void **state)
{
	struct bench *b = *state;
	struct notice n;
	struct maker m;

	walk_free(&b->walk);
	assert_int_equal(
	    walk_new(&(struct walk_wanted){.origin = ORIGIN}, &b->defects, &b->walk), ERR_OK);
	b->size = b->notice.index = 0;
	n = bench_next_notice(b, NOTICE_START);
	bench_notice(b, &n);
	maker_begin(b, &m, "app");
	bench_report(b, &m);
	bench_bad(b, "no manifest is in force");
}

static void
test_a_log_that_does_not_begin_with_a_start(void **state)
{
	struct bench *b = *state;
	struct maker m;

	walk_free(&b->walk);
	assert_int_equal(
	    walk_new(&(struct walk_wanted){.origin = ORIGIN}, &b->defects, &b->walk), ERR_OK);
	b->size = 0;
	maker_begin(b, &m, "app");
	bench_report(b, &m);
	bench_expect(b, OUTCOME_BAD, "it names a notice, and none is before it");
	assert_int_equal(b->defects.bad, 2);
}

static void
test_a_manifest_that_nobody_expects(void **state)
{
	struct bench *b = *state;
	const struct walk_wanted wanted = {.origin = ORIGIN, .manifests = {&b->manifest, 1}};
	struct notice n;

	walk_free(&b->walk);
	assert_int_equal(walk_new(&wanted, &b->defects, &b->walk), ERR_OK);
	b->size = b->notice.index = 0;
	n = bench_next_notice(b, NOTICE_START);
	bench_notice(b, &n);
	n = bench_next_notice(b, NOTICE_MANIFEST);
	bench_notice(b, &n);
	bench_good(b);
	n = bench_next_notice(b, NOTICE_MANIFEST);
	n.sha256.bytes[0] ^= 1;
	bench_notice(b, &n);
	bench_bad(b, "none of those expected");
	n.previous = b->notice;
	bench_notice(b, &n); /* said once */
	assert_int_equal(b->defects.bad, 1);
	assert_int_equal(walk_counts(b->walk)->unexpected, 1);
	assert_false(walk_manifests(b->walk)->term[2].expected);
	assert_true(walk_manifests(b->walk)->term[0].expected);
}

/* --- absences ----------------------------------------------------------------------------- */

/* Behind a report of `m`, which maker_next has made ready for the next. */
static struct absence
absence_of(const struct bench *b, const struct maker *m, uint64_t report)
{
	struct absence a = {.issued_s = T + 5000,
	    .issuer = V(ORIGIN),
	    .collector = m->r.collector,
	    .count = 1,
	    .notice = b->notice};

	a.absent[0] =
	    (struct absence_workload){m->r.bundle.workload, T + 4000, 1, report, m->r.previous};
	return a;
}

static void
bench_absence(struct bench *b, const struct absence *a)
{
	buf_clear(&b->entry);
	assert_int_equal(absence_write(a, &b->entry), ERR_OK);
	bench_take(b);
}

static void
test_chains_go_on_over_absences(void **state)
{
	struct bench *b = *state;
	struct absence a;
	struct maker m;

	bench_begin(b, &m);
	a = absence_of(b, &m, 2);
	bench_absence(b, &a);
	merkle_leaf(buf_view(&b->entry), &a.absent[0].previous);
	a.absent[0].count = 2;
	bench_absence(b, &a);
	bench_good(b);
	merkle_leaf(buf_view(&b->entry), &m.r.previous);
	m.r.issued_s = T + 5000;
	m.r.expires_s = T + 9000;
	bench_report(b, &m); /* the bundle before is the one of the report before */
	bench_good(b);
	maker_next(b, &m);
	a = absence_of(b, &m, 5); /* counted anew */
	bench_absence(b, &a);
	bench_good(b);
	assert_int_equal(walk_counts(b->walk)->absences, 3);
	assert_int_equal(walk_counts(b->walk)->absent, 3);
}

static void
absence_broken(struct bench *b, void (*change)(struct absence *a), const char *words)
{
	struct absence a;
	struct maker m;

	bench_begin(b, &m);
	a = absence_of(b, &m, 2);
	change(&a);
	bench_absence(b, &a);
	bench_bad(b, words);
	assert_string_equal(b->where, "entry 3");
}

static void
count_too_many(struct absence *a)
{
	a->absent[0].count = 2;
}

static void
name_another_report(struct absence *a)
{
	a->absent[0].report = 1;
}

static void
name_another_entry(struct absence *a)
{
	a->absent[0].previous.bytes[9] ^= 1;
}

static void
name_who_never_reported(struct absence *a)
{
	a->absent[0].workload = V("another");
}

static void
name_whose_it_is_not(struct absence *a)
{
	a->collector = V("spiffe://test/host2");
}

static void
name_an_older_notice(struct absence *a)
{
	a->notice.index = 0;
}

static void
be_issued_before(struct absence *a)
{
	a->issued_s = T;
	a->absent[0].due_s = T - 1;
}

static void
be_of_another_log(struct absence *a)
{
	a->issuer = V("hallmark.test/other");
}

#define ABSENCE(name, change, words)                                                               \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		absence_broken(*state, change, words);                                             \
	}

ABSENCE(a_forged_count, count_too_many, "expected absence 1 since its newest report, found 2")
ABSENCE(another_report_of_an_absence, name_another_report, "expected entry 2 as its newest report")
ABSENCE(another_entry_before_an_absence, name_another_entry, "previous-report: expected")
ABSENCE(an_absence_of_nobody, name_who_never_reported, "has never reported for another")
ABSENCE(an_absence_of_somebody_elses, name_whose_it_is_not, "host2 has never reported for app")
ABSENCE(another_notice_of_an_absence, name_an_older_notice, "expected the newest before it")
ABSENCE(an_absence_in_the_past, be_issued_before, "expected iat 1795514401 or later")
ABSENCE(an_absence_of_another_log, be_of_another_log, "expected issuer " ORIGIN)

static void
test_a_report_that_skips_an_absence(void **state)
{
	struct bench *b = *state;
	struct absence a;
	struct maker m;

	bench_begin(b, &m);
	a = absence_of(b, &m, 2);
	bench_absence(b, &a);
	m.r.issued_s = T + 5000;
	m.r.expires_s = T + 9000;
	bench_report(b, &m);
	bench_bad(b, "hallmark.previous-report: expected");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, bench_open, bench_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_notices_hang_together),
	    TEST(test_a_notice_that_is_left_out),
	    TEST(test_a_notice_with_another_before),
	    TEST(test_a_second_beginning),
	    TEST(test_a_down_time_with_an_entry_in_it),
	    TEST(test_a_report_before_any_manifest),
	    TEST(test_a_log_that_does_not_begin_with_a_start),
	    TEST(test_a_manifest_that_nobody_expects),
	    TEST(test_chains_go_on_over_absences),
	    TEST(test_a_forged_count),
	    TEST(test_another_report_of_an_absence),
	    TEST(test_another_entry_before_an_absence),
	    TEST(test_an_absence_of_nobody),
	    TEST(test_an_absence_of_somebody_elses),
	    TEST(test_another_notice_of_an_absence),
	    TEST(test_an_absence_in_the_past),
	    TEST(test_an_absence_of_another_log),
	    TEST(test_a_report_that_skips_an_absence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
