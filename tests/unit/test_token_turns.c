/* Whose token is made next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "signer/ledger/token_turns.h"

#define MANY 100

static struct collector greedy, other, third;

struct fixture {
	struct token_turns turns;
	struct token_turn turn[MANY];
};

static int
begin(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	memset(&greedy, 0, sizeof(greedy));
	memset(&other, 0, sizeof(other));
	memset(&third, 0, sizeof(third));
	*state = &f;
	return 0;
}

static void
expect(struct fixture *f, size_t n)
{
	assert_ptr_equal(f->turns.first, &f->turn[n]);
	token_turns_take(&f->turns);
}

static void
add(struct fixture *f, size_t n, struct collector *c)
{
	token_turns_add(&f->turns, &f->turn[n], c);
}

static void
of_one_collector_in_their_order(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n < MANY; n++)
		add(f, n, &greedy);
	for (size_t n = 0; n < MANY; n++)
		expect(f, n);
	assert_null(f->turns.first);
}

static void
collectors_take_turns(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n < 10; n++)
		add(f, n, &greedy);
	add(f, 10, &other);
	add(f, 11, &other);
	add(f, 12, &third);
	expect(f, 0);
	expect(f, 10);
	expect(f, 12);
	expect(f, 1);
	add(f, 13, &third);
	expect(f, 11);
	expect(f, 2);
	expect(f, 13);
	for (size_t n = 3; n < 10; n++)
		expect(f, n);
	assert_null(f->turns.first);
	add(f, 14, &greedy);
	expect(f, 14);
	assert_null(f->turns.first);
}

static void
nobody_new_wants_no_checkpoint(void **state)
{
	struct fixture *f = *state;

	token_turns_staged(&f->turns, &greedy);
	assert_true(token_turns_want_checkpoint(&f->turns));
	token_turns_staged(&f->turns, &greedy);
	add(f, 0, &greedy);
	token_turns_sealed(&f->turns, &greedy);
	add(f, 1, &other);
	token_turns_take(&f->turns);
	token_turns_take(&f->turns);
	/* All that waited is being made, and one more waits for its checkpoint. */
	assert_true(token_turns_want_checkpoint(&f->turns));
	add(f, 2, &greedy);
	assert_false(token_turns_want_checkpoint(&f->turns));
	token_turns_take(&f->turns);
	assert_true(token_turns_want_checkpoint(&f->turns));
	token_turns_sealed(&f->turns, &greedy);
	assert_false(token_turns_want_checkpoint(&f->turns));
}

static void
a_newcomer_has_his_checkpoint_after_a_round(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n < 10; n++)
		add(f, n, n < 9 ? &greedy : &third);
	token_turns_checkpoint(&f->turns);
	token_turns_staged(&f->turns, &other);
	assert_false(token_turns_want_checkpoint(&f->turns));
	expect(f, 0);
	assert_false(token_turns_want_checkpoint(&f->turns));
	expect(f, 9);
	assert_true(token_turns_want_checkpoint(&f->turns));
	token_turns_checkpoint(&f->turns);
	assert_false(token_turns_want_checkpoint(&f->turns));
	expect(f, 1);
	assert_true(token_turns_want_checkpoint(&f->turns));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(of_one_collector_in_their_order, begin),
	    cmocka_unit_test_setup(collectors_take_turns, begin),
	    cmocka_unit_test_setup(nobody_new_wants_no_checkpoint, begin),
	    cmocka_unit_test_setup(a_newcomer_has_his_checkpoint_after_a_round, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
