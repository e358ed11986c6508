/* Chains: every report of a log names the one before it, and nothing goes backwards. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "log/chains.h"

#define ORIGIN "hallmark.test/unit"
#define V(s)   VIEW_LITERAL(s)

/* One workload's next report, as an honest signer makes it; tests change it before it is written.
 */
struct maker {
	struct report r;
	struct buf entry;
};

static void
maker_begin(struct maker *m, const char *workload)
{
	struct report *r = &m->r;

	memset(m, 0, sizeof(*m));
	r->issued_s = 1795514401;
	r->expires_s = 1795518001;
	r->issuer = V(ORIGIN);
	r->collector = V("spiffe://test/host1");
	r->developer = V("test");
	r->build = V("test");
	r->status = REPORT_AFFIRMING;
	r->policy_id = V("test");
	r->bundle.workload = view_of_string(workload);
	r->bundle.seq = 1;
	r->bundle.time_ms = 1795514400000;
	r->bundle.component[COMPONENT_HOST] = (struct bundle_component){true, DIGEST_ZERO, 1, 1};
}

static struct view
maker_write(struct maker *m)
{
	struct buf bundle = BUF_INIT;

	bundle_encode(&m->r.bundle, &bundle);
	digest_of(bundle.data, bundle.size, &m->r.bundle_digest);
	buf_clear(&m->entry);
	assert_int_equal(report_write(&m->r, &m->entry), ERR_OK);
	buf_free(&bundle);
	return buf_view(&m->entry);
}

/* After maker_write: what an honest signer would write next. */
static void
maker_next(struct maker *m)
{
	digest_of(m->entry.data, m->entry.size, &m->r.previous);
	m->r.has_previous = true;
	m->r.bundle.prev = m->r.bundle_digest;
	m->r.bundle.seq++;
	m->r.bundle.time_ms += 1000;
	m->r.issued_s++;
	m->r.expires_s++;
	m->r.has_signature = false;
}

static enum outcome
check(struct chains *c, struct maker *m)
{
	const char *what;
	enum outcome o = chains_check(c, maker_write(m), &what);

	if (o != OUTCOME_GOOD)
		assert_true(strlen(what) > 10);
	return o;
}

struct bench {
	struct chains *chains;
	struct maker m;
};

/* With one good report in it, and the next one ready. */
static int
open_bench(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->chains = chains_new(ORIGIN, NULL);
	assert_non_null(b->chains);
	maker_begin(&b->m, "app");
	assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
	maker_next(&b->m);
	*state = b;
	return 0;
}

static int
close_bench(void **state)
{
	struct bench *b = *state;

	chains_free(&b->chains);
	assert_null(b->chains);
	buf_free(&b->m.entry);
	free(b);
	return 0;
}

static void
bad(struct bench *b, const char *words)
{
	const char *what;

	assert_int_equal(chains_check(b->chains, maker_write(&b->m), &what), OUTCOME_BAD);
	if (strstr(what, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, what);
}

static void
test_a_long_chain(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
		maker_next(&b->m);
	}
	assert_int_equal(chains_workloads(b->chains), 1);
	assert_int_equal(chains_reports(b->chains, REPORT_AFFIRMING), 101);
	assert_int_equal(chains_reports(b->chains, REPORT_NONE), 0);
}

static void
test_equal_times_are_allowed(void **state)
{
	struct bench *b = *state;

	b->m.r.bundle.time_ms -= 1000;
	b->m.r.issued_s--;
	assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
}

static void
test_a_chain_may_begin_late(void **state)
{
	struct bench *b = *state;
	struct maker m;

	maker_begin(&m, "late");
	m.r.bundle.seq = 500;
	m.r.bundle.prev.bytes[0] = 1;
	assert_int_equal(check(b->chains, &m), OUTCOME_GOOD);
	buf_free(&m.entry);
}

static void
test_signatures_are_remembered(void **state)
{
	struct bench *b = *state;

	b->m.r.has_signature = true;
	b->m.r.signature = V("signature");
	b->m.r.last_signed_s = b->m.r.issued_s;
	assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
	maker_next(&b->m);
	assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
	maker_next(&b->m);
	b->m.r.last_signed_s++;
	bad(b, "hallmark.last-signed");
}

static void
test_a_signature_is_not_forgotten(void **state)
{
	struct bench *b = *state;

	b->m.r.has_signature = true;
	b->m.r.signature = V("signature");
	b->m.r.last_signed_s = b->m.r.issued_s;
	assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
	maker_next(&b->m);
	b->m.r.last_signed_s = 0;
	bad(b, "hallmark.last-signed");
}

static void
test_a_missing_predecessor(void **state)
{
	struct bench *b = *state;

	b->m.r.has_previous = false;
	bad(b, "the workload has one before");
}

static void
test_another_predecessor(void **state)
{
	struct bench *b = *state;

	b->m.r.previous.bytes[5] ^= 1;
	bad(b, "hallmark.previous-report");
}

static void
test_a_report_twice(void **state)
{
	struct bench *b = *state;

	assert_int_equal(check(b->chains, &b->m), OUTCOME_GOOD);
	bad(b, "hallmark.previous-report");
}

static void
test_a_gap_in_the_sequence(void **state)
{
	struct bench *b = *state;

	b->m.r.bundle.seq++;
	bad(b, "expected sequence number 2, found 3");
}

static void
test_a_chain_that_begins_too_late_to_go_on(void **state)
{
	struct bench *b = *state;
	struct maker m;
	const char *what;

	maker_begin(&m, "at-the-bound");
	m.r.issued_s = b->m.r.issued_s;
	m.r.bundle.seq = BUNDLE_SEQ_FIRST_MAX;
	assert_int_equal(check(b->chains, &m), OUTCOME_GOOD);
	m.r.bundle.workload = V("over-it");
	m.r.bundle.seq++;
	assert_int_equal(chains_check(b->chains, maker_write(&m), &what), OUTCOME_BAD);
	assert_non_null(strstr(what, "expected a first sequence number of at most"));
	buf_free(&m.entry);
}

static void
test_a_sequence_number_that_does_not_rise(void **state)
{
	struct bench *b = *state;

	b->m.r.bundle.seq = 1;
	bad(b, "expected a sequence number over 1, found 1");
}

static void
test_another_bundle_before(void **state)
{
	struct bench *b = *state;

	b->m.r.bundle.prev.bytes[31] ^= 1;
	bad(b, "the bundle before");
}

static void
test_times_that_fall(void **state)
{
	struct bench *b = *state;

	b->m.r.bundle.time_ms = 1795514399999;
	bad(b, "time of measurement");
}

static void
test_issue_falls_even_between_workloads(void **state)
{
	struct bench *b = *state;
	struct maker m;
	const char *what;

	maker_begin(&m, "other");
	m.r.issued_s--;
	assert_int_equal(chains_check(b->chains, maker_write(&m), &what), OUTCOME_BAD);
	assert_non_null(strstr(what, "expected iat"));
	buf_free(&m.entry);
}

static void
test_a_first_report_with_a_past(void **state)
{
	struct bench *b = *state;
	struct maker m;

	maker_begin(&m, "other");
	m.r.has_previous = true;
	assert_int_equal(check(b->chains, &m), OUTCOME_BAD);
	buf_free(&m.entry);
	maker_begin(&m, "another");
	m.r.last_signed_s = 1;
	assert_int_equal(check(b->chains, &m), OUTCOME_BAD);
	buf_free(&m.entry);
}

static void
test_the_same_workload_of_another_collector_is_another_chain(void **state)
{
	struct bench *b = *state;
	struct maker m;

	maker_begin(&m, "app");
	m.r.collector = V("spiffe://test/host2");
	assert_int_equal(check(b->chains, &m), OUTCOME_GOOD);
	assert_int_equal(chains_workloads(b->chains), 2);
	buf_free(&m.entry);
}

static void
test_a_report_of_another_log(void **state)
{
	struct bench *b = *state;

	b->m.r.issuer = V("hallmark.test/other");
	bad(b, "expected issuer " ORIGIN);
}

static void
test_what_is_no_report(void **state)
{
	struct bench *b = *state;
	const char *what;
	struct view good = maker_write(&b->m);

	assert_int_equal(chains_check(b->chains, V(""), &what), OUTCOME_BAD);
	assert_int_equal(chains_check(b->chains, V("{}"), &what), OUTCOME_BAD);
	assert_int_equal(
	    chains_check(b->chains, (struct view){good.data, good.size - 1}, &what), OUTCOME_BAD);
	/* They are not part of any chain. */
	assert_int_equal(chains_check(b->chains, good, &what), OUTCOME_GOOD);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, open_bench, close_bench)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_long_chain),
	    TEST(test_equal_times_are_allowed),
	    TEST(test_a_gap_in_the_sequence),
	    TEST(test_a_chain_that_begins_too_late_to_go_on),
	    TEST(test_a_chain_may_begin_late),
	    TEST(test_signatures_are_remembered),
	    TEST(test_a_signature_is_not_forgotten),
	    TEST(test_a_missing_predecessor),
	    TEST(test_another_predecessor),
	    TEST(test_a_report_twice),
	    TEST(test_a_sequence_number_that_does_not_rise),
	    TEST(test_another_bundle_before),
	    TEST(test_times_that_fall),
	    TEST(test_issue_falls_even_between_workloads),
	    TEST(test_a_first_report_with_a_past),
	    TEST(test_the_same_workload_of_another_collector_is_another_chain),
	    TEST(test_a_report_of_another_log),
	    TEST(test_what_is_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
