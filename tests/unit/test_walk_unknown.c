/* What a later version has written proves nobody wrong, nor does what follows from it. */
#include "tests/unit/walk_fixture.h"

static void
test_an_unknown_kind_of_entry_proves_nothing(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	bench_entry(b, V("{\"hallmark.later\":1}"));
	bench_expect(b, OUTCOME_UNKNOWN, "of a kind that this version does not know");
	assert_int_equal(walk_counts(b->walk)->unknown, 1);
	/* Nor does what may follow from it; what does not, does. */
	m.r.previous.bytes[0] ^= 1;
	bench_report(b, &m);
	bench_expect(b, OUTCOME_UNKNOWN, "nothing is proved, because entry 3 is of a kind");
	bench_entry(b, V("{}"));
	bench_bad(b, "found none of them");
}

static void
test_an_unknown_kind_of_notice_proves_nothing(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_OTHER);

	n.kind_name = V("snapshot");
	n.subject = V("{\"of\":1}");
	bench_notice(b, &n);
	bench_expect(b, OUTCOME_UNKNOWN, "a notice of kind snapshot");
	assert_int_equal(b->defects.unknown, 1);
	n = bench_next_notice(b, NOTICE_START); /* it counts as the one before */
	bench_notice(b, &n);
	assert_int_equal(b->defects.unknown, 1);
}

static void
test_an_unknown_cause_is_remarked_on(void **state)
{
	struct bench *b = *state;
	struct notice n = bench_next_notice(b, NOTICE_START);

	n.cause = NOTICE_CAUSE_OTHER;
	n.cause_name = V("moved");
	bench_notice(b, &n);
	bench_expect(b, OUTCOME_GOOD, "a start notice's cause moved is not known");
	assert_int_equal(b->defects.remarks, 1);
}

static void
test_unknown_extensions_are_remarked_on_once(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	for (int i = 0; i < 3; i++) {
		m.r.extensions = V("{\"trial\":{\"status\":\"none\"},\"zone\":1}");
		bench_report(b, &m);
		maker_next(b, &m);
	}
	bench_expect(b, OUTCOME_GOOD, "extension zone is not known");
	assert_int_equal(b->defects.remarks, 2);
	assert_int_equal(walk_unknowns(b->walk)->count, 2);
	assert_string_equal(walk_unknowns(b->walk)->seen[0].name, "trial");
	assert_int_equal(walk_unknowns(b->walk)->seen[0].count, 3);
	assert_int_equal(walk_unknowns(b->walk)->seen[0].first, 3);
	/* An entry with some is never proved wrong; the next one is. */
	m.r.previous.bytes[0] ^= 1;
	bench_report(b, &m);
	bench_expect(b, OUTCOME_UNKNOWN, "because it has extensions");
	maker_next(b, &m);
	m.r.previous.bytes[0] ^= 1;
	m.r.extensions = (struct view){NULL, 0};
	bench_report(b, &m);
	bench_bad(b, "hallmark.previous-report");
}

static void
test_entries_that_could_not_be_read_prove_nothing(void **state)
{
	struct bench *b = *state;
	struct maker m;

	bench_begin(b, &m);
	b->size += 5;
	m.r.bundle.seq += 5;
	bench_report(b, &m);
	bench_expect(b, OUTCOME_UNKNOWN, "because entries 3 to 7 could not be read");
}

static void
test_other_forms_prove_nothing(void **state)
{
	struct bench *b = *state;
	struct buf other = BUF_INIT;
	struct maker m;
	uint8_t *form;

	bench_begin(b, &m);
	maker_write(&m, &other);
	form = memmem(other.data, other.size, "hallmark.form\":1", 16);
	form[15] = '2';
	bench_entry(b, buf_view(&other));
	bench_expect(b, OUTCOME_UNKNOWN, "a version, algorithm or profile is not known");
	bench_report(b, &m); /* as if it were the next */
	assert_int_equal(b->defects.bad, 0);
	buf_free(&other);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, bench_open, bench_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_an_unknown_kind_of_entry_proves_nothing),
	    TEST(test_an_unknown_kind_of_notice_proves_nothing),
	    TEST(test_an_unknown_cause_is_remarked_on),
	    TEST(test_unknown_extensions_are_remarked_on_once),
	    TEST(test_entries_that_could_not_be_read_prove_nothing),
	    TEST(test_other_forms_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
