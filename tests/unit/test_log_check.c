/* A whole log checked for somebody who is no terminal: what is found arrives by callback. */
#include "tests/unit/log_fixture.h"

#include "log/walk/log_check.h"

struct heard {
	unsigned defects, notes, others;
	char where[64]; /* of the last defect */
	uint64_t done, total;
};

static void
hear(void *context, const struct finding *f)
{
	struct heard *h = context;

	switch (f->kind) {
	case FINDING_DEFECT:
		assert_int_not_equal(f->outcome, OUTCOME_GOOD);
		h->defects++;
		(void)snprintf(h->where, sizeof(h->where), "%s", f->where);
		break;
	case FINDING_NOTE:
		h->notes++;
		break;
	case FINDING_STEP:
	case FINDING_WARN:
		h->others++;
		break;
	}
}

static void
hear_progress(void *context, uint64_t done, uint64_t total)
{
	struct heard *h = context;

	assert_true(done >= h->done && done <= total);
	h->done = done;
	h->total = total;
}

static enum outcome
run(const struct log_reader *l, uint64_t faults_max, struct heard *h)
{
	const struct log_check_wanted wanted = {.tree_only = true, .faults_max = faults_max};
	const struct findings findings = {hear, hear_progress, h};
	struct log_check c;
	enum outcome o;

	memset(h, 0, sizeof(*h));
	assert_int_equal(log_check_begin(&c, l, &wanted, &findings), ERR_OK);
	o = log_check_run(&c, true);
	assert_int_equal(c.defects.bad + c.defects.unknown, h->defects);
	assert_false(log_check_only_unexpected(&c));
	log_check_end(&c);
	return o;
}

static void
test_a_good_log(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct heard h;

	log_fixture_make(f, 300, &l);
	assert_int_equal(run(&l, 50, &h), OUTCOME_GOOD);
	assert_int_equal(h.defects + h.notes + h.others, 0);
	assert_int_equal(h.done, 300);
	assert_int_equal(h.total, 300);
}

static void
test_damage_is_told_with_its_file(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct heard h;

	log_fixture_make(f, 300, &l);
	log_fixture_flip(f, "tile/0/000", 40);
	assert_int_equal(run(&l, 50, &h), OUTCOME_BAD);
	assert_int_equal(h.defects, 1);
	assert_int_equal(h.notes, 1); /* all entries are as they were signed */
	assert_string_equal(h.where, "tile/entries/000, entry 1");
}

static void
test_a_file_that_is_none_of_a_log_is_noted(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct heard h;

	log_fixture_make(f, 3, &l);
	fixture_write(f, "letter", "x", 1);
	assert_int_equal(run(&l, 50, &h), OUTCOME_GOOD);
	assert_int_equal(h.notes, 1);
}

static void
test_a_search_that_stops_is_at_its_end(void **state)
{
	struct fixture *f = *state;
	struct log_reader l;
	struct heard h;

	log_fixture_make(f, 600, &l);
	assert_int_equal(unlinkat(f->dir, "tile/entries/000", 0), 0);
	fixture_write(f, "letter", "x", 1);
	assert_int_equal(run(&l, 1, &h), OUTCOME_BAD);
	assert_int_equal(h.defects, 1);
	assert_int_equal(h.notes, 0); /* not looked for any more */
	assert_int_equal(h.done, 600);
}

static void
test_entries_are_read_where_wanted(void **state)
{
	const struct log_check_wanted wanted = {.faults_max = 50};
	const struct findings nobody = {.tell = NULL};
	struct fixture *f = *state;
	struct log_reader l;
	struct log_check c;

	log_fixture_make(f, 2, &l); /* its entries are none */
	assert_int_equal(log_check_begin(&c, &l, &wanted, &nobody), ERR_OK);
	assert_int_equal(log_check_run(&c, true), OUTCOME_BAD);
	assert_int_equal(c.defects.bad, 3); /* nor is the first a start */
	assert_int_equal(walk_workloads(c.walk), 0);
	log_check_end(&c);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_good_log),
	    TEST(test_damage_is_told_with_its_file),
	    TEST(test_a_file_that_is_none_of_a_log_is_noted),
	    TEST(test_a_search_that_stops_is_at_its_end),
	    TEST(test_entries_are_read_where_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
