/*
 * What a key process writes while its guard is being closed for good: whoever retires a key looks
 * without the lock, so that process may have signed one more tree, or have given way.
 */
#include <limits.h>
#include <sys/inotify.h>
#include <sys/wait.h>

#include "pkcs11/serve/guard_file.h"
#include "tests/unit/guard_fixture.h"

static const struct digest statement = {{7}}, transition = {{5}};

/* Another process closes it while this one holds the lock, and has the last word in the old file.
 */
static void
retire_meanwhile(struct fixture *f, const struct guard_state *last, struct guard_state *found)
{
	struct guard_file held = {.path = guard_file_path(f->directory, ORIGIN, SPKI), .fd = -1};
	const int watch = inotify_init1(IN_CLOEXEC);
	char event[sizeof(struct inotify_event) + NAME_MAX + 1];
	int status;
	pid_t child;

	guard_close(&f->guard);
	assert_int_equal(guard_file_take(&held), ERR_OK);
	assert_true(inotify_add_watch(watch, f->directory, IN_MOVED_TO) >= 0);
	if ((child = fork()) == 0) {
		close(held.fd);
		_exit(guard_retire(f->directory, ORIGIN, SPKI, &statement, 99, found) == ERR_OK
			  ? 0
			  : 1);
	}
	assert_true(read(watch, event, sizeof(event)) > 0); /* the closed state has the name */
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, found), ERR_OK);
	assert_int_equal(found->phase, GUARD_RETIRED);
	assert_int_equal(found->size, 3);
	if (last != NULL)
		assert_int_equal(guard_file_write(&held, held.sequence + 1, last), ERR_OK);
	close(held.fd);
	close(watch);
	free(held.path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, found), ERR_OK);
}

static void
it_waits_for_the_process_that_holds_it(void **state)
{
	struct fixture *f = *state;
	struct guard_state found;

	log_grow(f, 3);
	log_sign(f);
	retire_meanwhile(f, NULL, &found);
	assert_int_equal(found.phase, GUARD_RETIRED);
	assert_int_equal(found.size, 3);
}

static void
what_was_signed_meanwhile_is_kept(void **state)
{
	const struct guard_state last = {.size = 5, .root = {{9}}, .phase = GUARD_OPEN};
	struct fixture *f = *state;
	struct guard_state found;

	log_grow(f, 3);
	log_sign(f);
	retire_meanwhile(f, &last, &found);
	assert_int_equal(found.phase, GUARD_RETIRED);
	assert_int_equal(found.size, 5);
	assert_true(digest_equal(&found.root, &last.root));
	assert_true(digest_equal(&found.transition, &statement));
	assert_int_equal(found.closed_s, 99);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPKI, NULL, &f->guard), ERR_GUARD_KEY);
}

static void
who_gave_way_meanwhile_has_given_way(void **state)
{
	const struct guard_state last = {5, {{9}}, GUARD_CLOSED, transition, 98, 0};
	struct fixture *f = *state;
	struct guard_state found;

	log_grow(f, 3);
	log_sign(f);
	retire_meanwhile(f, &last, &found);
	assert_int_equal(found.phase, GUARD_CLOSED);
	assert_int_equal(found.size, 5);
	assert_true(digest_equal(&found.transition, &transition));
	assert_int_equal(found.closed_s, 98);
	assert_int_equal(guard_open(f->directory, ORIGIN, SPKI, NULL, &f->guard), ERR_GUARD_KEY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_waits_for_the_process_that_holds_it),
	    TEST(what_was_signed_meanwhile_is_kept),
	    TEST(who_gave_way_meanwhile_has_given_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
