#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/guard_fixture.h"

static const struct merkle_proof no_proof;

static enum err
check(struct fixture *f, uint64_t size, const struct digest *root, const struct merkle_proof *proof)
{
	return guard_check(f->guard, size, root, proof);
}

static void
begins_with_the_empty_tree(void **state)
{
	struct fixture *f = *state;
	struct digest empty;

	merkle_empty_root(&empty);
	assert_int_equal(guard_state(f->guard)->size, 0);
	assert_memory_equal(guard_state(f->guard)->root.bytes, empty.bytes, DIGEST_SIZE);
	assert_int_equal(check(f, 0, &empty, &no_proof), ERR_OK);
}

static void
an_empty_tree_has_one_root(void **state)
{
	struct fixture *f = *state;
	struct digest other;

	leaf_of(0, "report", &other);
	assert_int_equal(check(f, 0, &other, &no_proof), ERR_GUARD_FORK);
}

static void
every_tree_extends_the_empty_one(void **state)
{
	struct fixture *f = *state;

	log_grow(f, 7);
	log_sign(f);
	assert_int_equal(guard_state(f->guard)->size, 7);
}

static void
an_empty_tree_takes_no_hashes_as_proof(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof = {.count = 1};
	struct digest root;

	log_grow(f, 7);
	merkle_batch_root(f->log, &root);
	assert_int_equal(check(f, 7, &root, &proof), ERR_GUARD_FORK);
}

static void
grows_through_every_size(void **state)
{
	struct fixture *f = *state;

	for (uint64_t batch = 1; batch <= 20; batch++) {
		log_grow(f, batch);
		log_sign(f);
		assert_int_equal(guard_state(f->guard)->size, log_size(f));
	}
}

static void
the_same_tree_again_is_allowed(void **state)
{
	struct fixture *f = *state;
	struct digest root;

	log_grow(f, 5);
	log_sign(f);
	merkle_batch_root(f->log, &root);
	assert_int_equal(check(f, 5, &root, &no_proof), ERR_OK);
	assert_int_equal(guard_write(f->guard, 5, &root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 5);
}

static void
the_same_tree_again_takes_no_hashes(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof = {.count = 1};
	struct digest root;

	log_grow(f, 5);
	log_sign(f);
	merkle_batch_root(f->log, &root);
	assert_int_equal(check(f, 5, &root, &proof), ERR_GUARD_FORK);
}

static void
refuses_the_same_size_with_another_root(void **state)
{
	struct fixture *f = *state;
	struct merkle_frontier other;
	struct digest leaf, root;

	log_grow(f, 5);
	log_sign(f);
	merkle_frontier_init(&other);
	for (uint64_t i = 0; i < 5; i++) {
		leaf_of(i, i == 2 ? "forged" : "report", &leaf);
		merkle_frontier_append(&other, &leaf);
	}
	merkle_frontier_root(&other, &root);
	assert_int_equal(check(f, 5, &root, &no_proof), ERR_GUARD_FORK);
}

static void
refuses_every_smaller_tree(void **state)
{
	struct fixture *f = *state;
	struct merkle_frontier smaller;
	struct digest leaf, root;

	log_grow(f, 9);
	log_sign(f);
	merkle_frontier_init(&smaller);
	for (uint64_t size = 0; size < 9; size++) {
		merkle_frontier_root(&smaller, &root);
		assert_int_equal(check(f, size, &root, &no_proof), ERR_GUARD_ROLLBACK);
		leaf_of(size, "report", &leaf);
		merkle_frontier_append(&smaller, &leaf);
	}
}

/* A larger tree whose past was changed, with the proof that its own past would have. */
static void
refuses_a_fork_with_an_honest_looking_proof(void **state)
{
	struct fixture *f = *state;
	struct merkle_batch *other = merkle_batch_new();
	struct merkle_frontier frontier;
	struct merkle_proof proof;
	struct digest leaf, root;

	log_grow(f, 6);
	log_sign(f);
	for (uint64_t i = 0; i < 6; i++) {
		leaf_of(i, i == 5 ? "forged" : "report", &leaf);
		assert_int_equal(merkle_batch_add(other, &leaf), ERR_OK);
	}
	merkle_batch_frontier(other, &frontier);
	merkle_batch_begin(other, &frontier);
	leaf_of(6, "report", &leaf);
	assert_int_equal(merkle_batch_add(other, &leaf), ERR_OK);
	merkle_batch_root(other, &root);
	merkle_batch_consistency(other, &proof);
	assert_int_equal(check(f, 7, &root, &proof), ERR_GUARD_FORK);
	merkle_batch_free(&other);
}

static void
refuses_every_changed_proof(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof, bad;
	struct digest root;

	log_grow(f, 11);
	log_sign(f);
	log_grow(f, 8);
	merkle_batch_root(f->log, &root);
	merkle_batch_consistency(f->log, &proof);
	assert_true(proof.count > 2);
	assert_int_equal(check(f, 19, &root, &proof), ERR_OK);
	for (size_t i = 0; i < proof.count; i++) {
		bad = proof;
		bad.hash[i].bytes[31] ^= 1;
		assert_int_equal(check(f, 19, &root, &bad), ERR_GUARD_FORK);
	}
	bad = proof;
	bad.count--;
	assert_int_equal(check(f, 19, &root, &bad), ERR_GUARD_FORK);
	bad = proof;
	bad.hash[bad.count++] = root;
	assert_int_equal(check(f, 19, &root, &bad), ERR_GUARD_FORK);
	assert_int_equal(check(f, 19, &root, &no_proof), ERR_GUARD_FORK);
	assert_int_equal(check(f, 40, &root, &proof), ERR_GUARD_FORK);
	assert_int_equal(check(f, UINT64_MAX, &root, &proof), ERR_GUARD_FORK);
}

static void
a_refusal_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct digest root, other;

	log_grow(f, 4);
	log_sign(f);
	merkle_batch_root(f->log, &root);
	leaf_of(0, "forged", &other);
	assert_int_equal(check(f, 9, &other, &no_proof), ERR_GUARD_FORK);
	assert_int_equal(check(f, 3, &other, &no_proof), ERR_GUARD_ROLLBACK);
	assert_int_equal(guard_state(f->guard)->size, 4);
	assert_memory_equal(guard_state(f->guard)->root.bytes, root.bytes, DIGEST_SIZE);
}

static void
knows_every_report_of_the_signed_tree(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof;
	struct digest leaf, expected;
	char text[64];

	log_grow(f, 13);
	log_sign(f);
	for (uint64_t i = 0; i < 13; i++) {
		snprintf(text, sizeof(text), "report %llu", (unsigned long long)i);
		merkle_batch_inclusion(f->log, i, &proof);
		assert_int_equal(
		    guard_check_report(f->guard, view_of_string(text), i, 13, &proof, &leaf),
		    ERR_OK);
		leaf_of(i, "report", &expected);
		assert_true(digest_equal(&leaf, &expected));
	}
}

static enum err
check_report(struct fixture *f, const char *report, uint64_t index, uint64_t size,
    const struct merkle_proof *proof)
{
	struct digest leaf;

	return guard_check_report(f->guard, view_of_string(report), index, size, proof, &leaf);
}

static void
refuses_a_report_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof;

	log_grow(f, 13);
	log_sign(f);
	merkle_batch_inclusion(f->log, 4, &proof);
	assert_int_equal(check_report(f, "report 4", 4, 13, &proof), ERR_OK);
	assert_int_equal(check_report(f, "report 5", 4, 13, &proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 4", 5, 13, &proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 4", UINT64_MAX, 13, &proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "", 4, 13, &proof), ERR_GUARD_UNLOGGED);
	proof.hash[0].bytes[0] ^= 1;
	assert_int_equal(check_report(f, "report 4", 4, 13, &proof), ERR_GUARD_UNLOGGED);
}

/* A report that will be in the next tree is not logged yet. */
static void
refuses_a_report_of_an_unsigned_tree(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof;

	log_grow(f, 3);
	log_sign(f);
	log_grow(f, 3);
	merkle_batch_inclusion(f->log, 4, &proof);
	assert_int_equal(check_report(f, "report 4", 4, 3, &proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 4", 4, 6, &proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 4", 4, UINT64_MAX, &proof), ERR_GUARD_UNLOGGED);
}

static void
the_state_is_what_was_synced(void **state)
{
	struct fixture *f = *state;
	struct digest empty, root;

	merkle_empty_root(&empty);
	log_grow(f, 3);
	merkle_batch_root(f->log, &root);
	assert_int_equal(guard_write(f->guard, 3, &root), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 0);
	assert_memory_equal(guard_state(f->guard)->root.bytes, empty.bytes, DIGEST_SIZE);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 3);
	assert_memory_equal(guard_state(f->guard)->root.bytes, root.bytes, DIGEST_SIZE);
	/* There is nothing to sync: an answer to the same tree has no state to wait for. */
	assert_int_equal(guard_write(f->guard, 3, &root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	guard_signed(f->guard);
	assert_true(guard_knows_tree(f->guard, 3));
}

/* Whoever dies behind the write finds the next state when it begins again, and its tree good. */
static void
a_written_state_is_found_after_a_death(void **state)
{
	struct fixture *f = *state;
	struct digest root;

	log_grow(f, 3);
	merkle_batch_root(f->log, &root);
	assert_int_equal(guard_write(f->guard, 3, &root), ERR_OK);
	guard_close(&f->guard);
	fixture_open(f);
	assert_int_equal(guard_state(f->guard)->size, 3);
	assert_int_equal(check(f, 3, &root, &no_proof), ERR_OK);
}

/* Whether it ends a process by abort(). */
static bool
aborts(void (*what)(struct fixture *f), struct fixture *f)
{
	const struct rlimit no_core = {0, 0};
	pid_t child = fork();
	int status;

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL); /* cmocka's handler would go on with the next test */
		what(f);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
say_signed(struct fixture *f)
{
	guard_signed(f->guard);
}

static void
write_again(struct fixture *f)
{
	struct digest root;

	merkle_batch_root(f->log, &root);
	if (guard_write(f->guard, 3, &root) != ERR_OK)
		_exit(1);
}

/* The order is held by the guard itself: no caller can let a signature count before its state. */
static void
what_is_not_synced_cannot_be_signed_or_written_over(void **state)
{
	struct fixture *f = *state;
	struct digest root;

	log_grow(f, 3);
	assert_false(aborts(say_signed, f));
	assert_false(aborts(write_again, f));
	merkle_batch_root(f->log, &root);
	assert_int_equal(guard_write(f->guard, 3, &root), ERR_OK);
	assert_true(aborts(say_signed, f));
	assert_true(aborts(write_again, f));
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	assert_false(aborts(say_signed, f));
	assert_false(aborts(write_again, f));
}

/* The state may be on the disk before its signature is made: until then it proves nothing. */
static void
a_tree_counts_when_it_has_been_signed(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof proof;
	struct digest root;

	log_grow(f, 3);
	merkle_batch_root(f->log, &root);
	assert_int_equal(guard_write(f->guard, 3, &root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	merkle_batch_inclusion(f->log, 1, &proof);
	assert_int_equal(check_report(f, "report 1", 1, 3, &proof), ERR_GUARD_UNLOGGED);
	assert_false(guard_knows_tree(f->guard, 3));
	guard_signed(f->guard);
	assert_int_equal(check_report(f, "report 1", 1, 3, &proof), ERR_OK);
	assert_true(guard_knows_tree(f->guard, 3));
}

static void
a_proof_to_an_earlier_signed_tree_is_good(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof early, late;

	log_grow(f, 3);
	log_sign(f);
	merkle_batch_inclusion(f->log, 1, &early);
	log_grow(f, 4);
	log_sign(f);
	merkle_batch_inclusion(f->log, 4, &late);
	assert_int_equal(check_report(f, "report 1", 1, 3, &early), ERR_OK);
	assert_int_equal(check_report(f, "report 4", 4, 7, &late), ERR_OK);
	/* Each proof is good for its own tree alone, and sizes between were never signed. */
	assert_int_equal(check_report(f, "report 1", 1, 7, &early), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 4", 4, 3, &late), ERR_GUARD_UNLOGGED);
	for (uint64_t size = 0; size < 9; size++)
		if (size != 3 && size != 7)
			assert_int_equal(
			    check_report(f, "report 1", 1, size, &early), ERR_GUARD_UNLOGGED);
}

/* Another tree of a size that was signed: its own proof leads to a root that is not ours. */
static void
refuses_another_tree_of_a_signed_size(void **state)
{
	struct fixture *f = *state;
	struct merkle_batch *other = merkle_batch_new();
	struct merkle_proof proof;
	struct digest leaf;

	log_grow(f, 5);
	log_sign(f);
	log_grow(f, 2);
	log_sign(f);
	for (uint64_t i = 0; i < 5; i++) {
		leaf_of(i, i == 2 ? "forged" : "report", &leaf);
		assert_int_equal(merkle_batch_add(other, &leaf), ERR_OK);
	}
	merkle_batch_inclusion(other, 2, &proof);
	assert_int_equal(check_report(f, "forged 2", 2, 5, &proof), ERR_GUARD_UNLOGGED);
	merkle_batch_free(&other);
}

/* With a state that was found at the start, its tree is known; what came before it is not. */
static void
a_restart_forgets_all_trees_but_the_state(void **state)
{
	struct fixture *f = *state;
	struct merkle_proof early, late;

	log_grow(f, 3);
	log_sign(f);
	merkle_batch_inclusion(f->log, 1, &early);
	log_grow(f, 4);
	log_sign(f);
	merkle_batch_inclusion(f->log, 4, &late);
	guard_close(&f->guard);
	fixture_open(f);
	assert_int_equal(check_report(f, "report 1", 1, 3, &early), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 4", 4, 7, &late), ERR_OK);
}

static void
an_empty_log_has_no_reports(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check_report(f, "report 0", 0, 0, &no_proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "", 0, 0, &no_proof), ERR_GUARD_UNLOGGED);
	assert_int_equal(check_report(f, "report 0", 0, 1, &no_proof), ERR_GUARD_UNLOGGED);
}

/* Whatever is signed, closed, opened again or adopted meanwhile. */
static void
the_longest_lifetime_of_a_token_stays(void **state)
{
	struct fixture *f = *state;
	const struct digest root = {{9}}, transition = {{7}};
	struct guard_state found;

	assert_int_equal(guard_note_lifetime(f->guard, 300), ERR_OK);
	assert_int_equal(guard_note_lifetime(f->guard, 86400), ERR_OK);
	assert_int_equal(guard_note_lifetime(f->guard, 60), ERR_OK);
	log_grow(f, 3);
	log_sign(f);
	guard_close(&f->guard);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &found), ERR_OK);
	assert_int_equal(found.token_lifetime_s, 86400);
	assert_int_equal(found.size, 3);
	found.token_lifetime_s = 0;
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &found), ERR_OK);
	fixture_open(f);
	assert_int_equal(guard_note_lifetime(f->guard, 0), ERR_OK);
	assert_int_equal(guard_write_last(f->guard, 4, &root, &transition, 99), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &found), ERR_OK);
	assert_int_equal(found.phase, GUARD_CLOSED);
	assert_int_equal(found.token_lifetime_s, 86400);
	assert_int_equal(found.closed_s, 99);
}

/* Neither by its key process nor by adopting; and what was begun in the old file counts nowhere. */
static void
a_retired_guard_opens_no_more(void **state)
{
	struct fixture *f = *state;
	const struct digest statement = {{7}}, other = {{8}};
	struct guard_state found;

	log_grow(f, 3);
	log_sign(f);
	assert_int_equal(guard_look(f->guard), ERR_OK);
	guard_close(&f->guard);
	assert_int_equal(guard_retire(f->directory, ORIGIN, SPKI, &statement, 99, &found), ERR_OK);
	assert_int_equal(found.phase, GUARD_RETIRED);
	assert_int_equal(guard_retire(f->directory, ORIGIN, SPKI, &other, 100, &found), ERR_OK);
	assert_int_equal(found.phase, GUARD_RETIRED);
	assert_true(digest_equal(&found.transition, &statement));
	assert_int_equal(found.size, 3);
	assert_int_equal(found.closed_s, 99);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPKI, NULL, &f->guard), ERR_GUARD_KEY);
	found.phase = GUARD_OPEN;
	found.size = 9;
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &found), ERR_GUARD_KEY);
	assert_int_equal(guard_wait(f->directory, ORIGIN, SPKI, &other, NULL), ERR_MISMATCH);
}

/* Whoever cannot see whether it was retired does not go on; where it is gone is the next write's.
 */
static void
a_guard_that_cannot_be_looked_at_is_not_served_on(void **state)
{
	struct fixture *f = *state;
	char path[512];

	fixture_path(f, path);
	assert_int_equal(guard_look(f->guard), ERR_OK);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(guard_look(f->guard), ERR_FORMAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(guard_look(f->guard), ERR_OK);
	assert_int_equal(symlink(path, path), 0);
	assert_int_equal(guard_look(f->guard), ERR_IO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(begins_with_the_empty_tree),
	    TEST(an_empty_tree_has_one_root),
	    TEST(every_tree_extends_the_empty_one),
	    TEST(an_empty_tree_takes_no_hashes_as_proof),
	    TEST(grows_through_every_size),
	    TEST(the_same_tree_again_is_allowed),
	    TEST(the_same_tree_again_takes_no_hashes),
	    TEST(refuses_the_same_size_with_another_root),
	    TEST(refuses_every_smaller_tree),
	    TEST(refuses_a_fork_with_an_honest_looking_proof),
	    TEST(refuses_every_changed_proof),
	    TEST(a_refusal_changes_nothing),
	    TEST(knows_every_report_of_the_signed_tree),
	    TEST(refuses_a_report_that_is_not_there),
	    TEST(refuses_a_report_of_an_unsigned_tree),
	    TEST(the_state_is_what_was_synced),
	    TEST(a_written_state_is_found_after_a_death),
	    TEST(what_is_not_synced_cannot_be_signed_or_written_over),
	    TEST(a_tree_counts_when_it_has_been_signed),
	    TEST(a_proof_to_an_earlier_signed_tree_is_good),
	    TEST(refuses_another_tree_of_a_signed_size),
	    TEST(a_restart_forgets_all_trees_but_the_state),
	    TEST(an_empty_log_has_no_reports),
	    TEST(the_longest_lifetime_of_a_token_stays),
	    TEST(a_retired_guard_opens_no_more),
	    TEST(a_guard_that_cannot_be_looked_at_is_not_served_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
