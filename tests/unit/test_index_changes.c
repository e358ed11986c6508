/* What the index will be told: one head a workload, its newest; all evidence, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "signer/ledger/index_changes.h"

#define MANY 1000 /* beyond what there is room for at first, more than once */

static void
head(struct index_changes *c, struct workload *w, uint64_t seq)
{
	index_changes_head(c, &(struct workload_update){w, {.seq = seq}});
}

static void
is_head(const struct index_changes *c, size_t at, const struct workload *w, uint64_t seq)
{
	assert_true(at < c->head_count);
	assert_ptr_equal(c->head[at].workload, w);
	assert_int_equal(c->head[at].head.seq, seq);
}

static void
test_the_newest_head_of_each_workload(void **state)
{
	struct index_changes c = {0};
	struct workload a = {0}, b = {0};

	(void)state;
	head(&c, &a, 1);
	head(&c, &b, 7);
	head(&c, &a, 2);
	head(&c, &a, 3);
	head(&c, &b, 8);
	assert_int_equal(c.head_count, 2);
	is_head(&c, 0, &a, 3); /* in the order in which they first came */
	is_head(&c, 1, &b, 8);
	assert_int_equal(c.evidence_count, 0);
	index_changes_free(&c);
}

static void
test_taking_leaves_nothing_behind(void **state)
{
	struct index_changes c = {0}, taken;
	struct workload a = {0}, b = {0};

	(void)state;
	head(&c, &a, 1);
	head(&c, &b, 7);
	index_changes_evidence(&c, &(struct index_evidence){.offset = 5});
	index_changes_take(&c, &taken);
	assert_int_equal(c.head_count, 0);
	assert_int_equal(c.evidence_count, 0);
	assert_int_equal(a.index_place, 0);
	assert_int_equal(b.index_place, 0);

	/* Collected anew, in another order, while what was taken is still being put. */
	head(&c, &b, 9);
	head(&c, &a, 2);
	assert_int_equal(c.head_count, 2);
	is_head(&c, 0, &b, 9);
	is_head(&c, 1, &a, 2);
	assert_int_equal(taken.head_count, 2);
	is_head(&taken, 0, &a, 1);
	is_head(&taken, 1, &b, 7);
	assert_int_equal(taken.evidence_count, 1);
	assert_int_equal(taken.evidence[0].offset, 5);
	index_changes_free(&taken);
	assert_int_equal(taken.head_count, 0);
	is_head(&c, 0, &b, 9);
	index_changes_free(&c);
}

static void
test_taking_nothing(void **state)
{
	struct index_changes c = {0}, taken;

	(void)state;
	index_changes_take(&c, &taken);
	assert_int_equal(taken.head_count, 0);
	assert_int_equal(taken.evidence_count, 0);
	index_changes_free(&taken);
	index_changes_free(&c);
}

static void
test_many(void **state)
{
	struct index_changes c = {0};
	struct workload *w = calloc(MANY, sizeof(*w));

	(void)state;
	assert_non_null(w);
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < MANY; i++)
			head(&c, &w[i], 10 * i + round);
	assert_int_equal(c.head_count, MANY);
	for (size_t i = 0; i < MANY; i++)
		is_head(&c, i, &w[i], 10 * i + 1);
	index_changes_free(&c);
	free(w);
}

static void
test_all_notices_in_order(void **state)
{
	struct index_changes c = {0}, taken;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		index_changes_notice(&c, &(struct notice_row){.index = 7 * i});
	index_changes_take(&c, &taken);
	assert_int_equal(c.notice_count, 0);
	assert_int_equal(taken.notice_count, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(taken.notice[i].index, 7 * i);
	index_changes_free(&taken);
	assert_int_equal(taken.notice_count, 0);
}

/* A place of evidence that is told twice is put twice; the index has one row for it anyway. */
static void
test_all_evidence_in_order(void **state)
{
	struct index_changes c = {0};

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		index_changes_evidence(
		    &c, &(struct index_evidence){.pack = (uint32_t)(i / 10), .offset = i % 10});
	assert_int_equal(c.evidence_count, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(c.evidence[i].pack, i / 10);
		assert_int_equal(c.evidence[i].offset, i % 10);
	}
	assert_int_equal(c.head_count, 0);
	index_changes_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_newest_head_of_each_workload),
	    cmocka_unit_test(test_taking_leaves_nothing_behind),
	    cmocka_unit_test(test_taking_nothing),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_all_notices_in_order),
	    cmocka_unit_test(test_all_evidence_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
