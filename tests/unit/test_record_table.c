#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>

#include "signer/ledger/heads/record_table.h"

#define RECORDS 5000

struct record {
	struct record_hash hash;
	bool in;
};

static bool
has(const struct record_table *t, const struct record *wanted)
{
	struct record_hash *r;

	for (size_t at = record_table_first(t, wanted->hash.hash);
	     (r = record_table_next(t, wanted->hash.hash, &at)) != NULL;)
		if (r == &wanted->hash)
			return true;
	return false;
}

static void
an_empty_one_has_nothing(void **state)
{
	struct record_table t = {0};
	struct record r = {{7}, false};
	size_t at = 0;

	(void)state;
	assert_false(has(&t, &r));
	assert_null(record_table_each(&t, &at));
	record_table_free(&t);
}

/* Places of the last ones go on at the first: walks go round. */
static void
those_of_one_hash_are_all_found(void **state)
{
	struct record_table t = {0};
	struct record r[40];

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		r[i] = (struct record){{UINT32_MAX}, false};
		assert_int_equal(record_table_add(&t, &r[i].hash), ERR_OK);
	}
	for (size_t i = 0; i < 40; i++)
		assert_true(has(&t, &r[i]));
	/* From the middle: whoever stood behind the hole is found still. */
	for (size_t i = 20; i < 40; i++) {
		record_table_remove(&t, &r[i].hash);
		assert_false(has(&t, &r[i]));
	}
	for (size_t i = 0; i < 20; i++)
		assert_true(has(&t, &r[i]));
	assert_int_equal(t.count, 20);
	record_table_free(&t);
}

/* Few hashes, so that many meet; added and removed by chance, and compared with what is in. */
static void
holds_what_was_added_and_not_removed(void **state)
{
	struct record_table t = {0};
	struct record *r = calloc(RECORDS, sizeof(*r));
	size_t in = 0, seen = 0;

	(void)state;
	assert_non_null(r);
	srand(1);
	for (size_t i = 0; i < RECORDS; i++)
		r[i].hash.hash = (uint32_t)rand() % 700;
	for (unsigned step = 0; step < 40000; step++) {
		struct record *one = &r[rand() % RECORDS];

		if (one->in)
			record_table_remove(&t, &one->hash);
		else
			assert_int_equal(record_table_add(&t, &one->hash), ERR_OK);
		one->in = !one->in;
		in = one->in ? in + 1 : in - 1;
	}
	assert_int_equal(t.count, in);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(has(&t, &r[i]), r[i].in);
	for (size_t at = 0; record_table_each(&t, &at) != NULL;)
		seen++;
	assert_int_equal(seen, in);
	record_table_free(&t);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_one_has_nothing),
	    cmocka_unit_test(those_of_one_hash_are_all_found),
	    cmocka_unit_test(holds_what_was_added_and_not_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
