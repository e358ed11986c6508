/*
 * How the guard of a key goes on from that of a lost one: it serves with what it waits for alone,
 * where it is open it has signed, and nothing that the lost key has signed is left out.
 */
#include "pkcs11/serve/guard_file.h"
#include "tests/unit/guard_fixture.h"

#define SPARE VIEW_LITERAL("a spare key")

static const struct digest succession = {{5}}, another = {{6}};

/* The lost key's guard has signed so many; the spare one waits at a tree of `size`. */
static void
lose(struct fixture *f, uint64_t signed_size, uint64_t size)
{
	struct checkpoint newest = {.origin = ORIGIN, .size = size, .root = {{(uint8_t)size}}};
	const struct digest root = {{(uint8_t)signed_size}};

	assert_int_equal(guard_write(f->guard, signed_size, &root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	guard_close(&f->guard);
	assert_int_equal(guard_wait(f->directory, ORIGIN, SPARE, &succession, &newest), ERR_OK);
}

static enum err
inherit(const struct fixture *f, const struct digest *by)
{
	return guard_inherit(f->directory, ORIGIN, SPKI, SPARE, by, 1795514400);
}

static void
expect_state(const struct fixture *f, struct view spki, enum guard_phase phase, uint64_t size)
{
	struct guard_state state;

	assert_int_equal(guard_read(f->directory, ORIGIN, spki, &state), ERR_OK);
	assert_int_equal(state.phase, phase);
	assert_int_equal(state.size, size);
	assert_int_equal(state.root.bytes[0], size);
}

static void
it_serves_with_what_it_waits_for_alone(void **state)
{
	const struct digest root = {{9}};
	struct fixture *f = *state;
	struct digest leaf;

	lose(f, 7, 7);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPARE, NULL, &f->guard), ERR_GUARD_KEY);
	assert_int_equal(
	    guard_open(f->directory, ORIGIN, SPARE, &another, &f->guard), ERR_GUARD_KEY);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPARE, &succession, &f->guard), ERR_OK);
	guard_signed(f->guard);
	assert_false(guard_knows_tree(f->guard, 7));
	assert_int_equal(guard_check_report(f->guard, VIEW_LITERAL("r"), 0, 7,
			     &(struct merkle_proof){.count = 0}, &leaf),
	    ERR_GUARD_UNLOGGED);
	assert_int_equal(guard_write_first(f->guard, 9, &root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	guard_signed(f->guard);
	assert_true(guard_knows_tree(f->guard, 9));
	guard_close(&f->guard);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPARE, NULL, &f->guard), ERR_OK);
	expect_state(f, SPARE, GUARD_OPEN, 9);
}

static void
the_larger_tree_is_gone_on_from(void **state)
{
	struct fixture *f = *state;

	lose(f, 8, 7);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(inherit(f, &succession), ERR_OK);
		expect_state(f, SPKI, GUARD_RETIRED, 8);
		expect_state(f, SPARE, GUARD_WAITING, 8);
	}
	/* Where the log's operators have not said so, it is ordered anew. */
	assert_int_equal(inherit(f, &another), ERR_OK);
	expect_state(f, SPARE, GUARD_WAITING, 8);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPKI, NULL, &f->guard), ERR_GUARD_KEY);
}

static void
a_guard_that_is_older_is_closed_all_the_same(void **state)
{
	struct fixture *f = *state;

	lose(f, 6, 7);
	assert_int_equal(inherit(f, &succession), ERR_OK);
	expect_state(f, SPKI, GUARD_RETIRED, 6);
	expect_state(f, SPARE, GUARD_WAITING, 7);
}

/* The log is another key's then. */
static void
what_has_given_way_is_not_gone_on_from(void **state)
{
	const struct checkpoint newest = {.origin = ORIGIN, .size = 7, .root = {{7}}};
	const struct digest root = {{7}};
	struct fixture *f = *state;

	assert_int_equal(guard_write_last(f->guard, 7, &root, &another, 1795514400), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	guard_close(&f->guard);
	assert_int_equal(guard_wait(f->directory, ORIGIN, SPARE, &succession, &newest), ERR_OK);
	assert_int_equal(inherit(f, &succession), ERR_GUARD_KEY);
	expect_state(f, SPARE, GUARD_WAITING, 7);
}

static void
a_fork_is_not_gone_on_from(void **state)
{
	const struct checkpoint other = {.origin = ORIGIN, .size = 7, .root = {{8}}};
	struct fixture *f = *state;

	lose(f, 7, 7);
	assert_int_equal(guard_wait(f->directory, ORIGIN, SPARE, &succession, &other), ERR_OK);
	assert_int_equal(inherit(f, &succession), ERR_GUARD_FORK);
	expect_state(f, SPKI, GUARD_OPEN, 7);
}

/* A link that leads nowhere is not "no guard": what that key has signed is not known. */
static void
a_guard_that_cannot_be_looked_at_is_not_left_out(void **state)
{
	struct fixture *f = *state;
	char *path = guard_file_path(f->directory, ORIGIN, SPKI);

	lose(f, 8, 7);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("away", path), 0);
	assert_int_equal(inherit(f, &succession), ERR_IO);
	expect_state(f, SPARE, GUARD_WAITING, 7);
	assert_int_equal(guard_wait(f->directory, ORIGIN, SPKI, &another, NULL), ERR_IO);
	assert_int_equal(unlink(path), 0);
	free(path);
}

/* What was retired for it does not make it begin: the notice in the log alone does. */
static void
a_retired_guard_opens_none_that_waits_for_a_succession(void **state)
{
	struct fixture *f = *state;
	struct guard_state closed;

	lose(f, 8, 7);
	assert_int_equal(inherit(f, &succession), ERR_OK);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &closed), ERR_OK);
	assert_int_equal(guard_begin(f->directory, ORIGIN, SPARE, &closed), ERR_GUARD_KEY);
	closed.phase = GUARD_CLOSED;
	closed.transition = succession;
	assert_int_equal(guard_begin(f->directory, ORIGIN, SPARE, &closed), ERR_GUARD_KEY);
	expect_state(f, SPARE, GUARD_WAITING, 8);
}

static void
a_key_that_has_signed_waits_for_nothing(void **state)
{
	const struct checkpoint newest = {.origin = ORIGIN, .size = 7};
	struct fixture *f = *state;

	lose(f, 8, 7);
	assert_int_equal(
	    guard_wait(f->directory, ORIGIN, SPKI, &succession, &newest), ERR_MISMATCH);
	assert_int_equal(inherit(f, &succession), ERR_OK);
	assert_int_equal(
	    guard_wait(f->directory, ORIGIN, SPKI, &succession, &newest), ERR_MISMATCH);
	assert_int_equal(guard_wait(f->directory, ORIGIN, SPARE, &another, &newest), ERR_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_serves_with_what_it_waits_for_alone),
	    TEST(the_larger_tree_is_gone_on_from),
	    TEST(a_guard_that_is_older_is_closed_all_the_same),
	    TEST(what_has_given_way_is_not_gone_on_from),
	    TEST(a_fork_is_not_gone_on_from),
	    TEST(a_guard_that_cannot_be_looked_at_is_not_left_out),
	    TEST(a_retired_guard_opens_none_that_waits_for_a_succession),
	    TEST(a_key_that_has_signed_waits_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
