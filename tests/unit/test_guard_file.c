/* The guard's state on the disk: what survives, what is refused, what an operator can mend. */
#include "tests/unit/guard_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SLOT_STRIDE 4096 /* bytes, as pkcs11/serve/guard.c has them */
#define SLOT_SIZE   128

static enum err
reopen(struct fixture *f)
{
	guard_close(&f->guard);
	return guard_open(f->directory, ORIGIN, SPKI, NULL, &f->guard);
}

static void
state_now(const struct fixture *f, struct guard_state *out)
{
	out->size = log_size(f);
	merkle_batch_root(f->log, &out->root);
}

static void
flip(const struct fixture *f, off_t at)
{
	char path[512];
	uint8_t byte;
	int fd;

	fixture_path(f, path);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void
copy_slot(const struct fixture *f, off_t from, off_t to)
{
	uint8_t slot[SLOT_SIZE];
	char path[512];
	int fd;

	fixture_path(f, path);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, slot, SLOT_SIZE, from), SLOT_SIZE);
	assert_int_equal(pwrite(fd, slot, SLOT_SIZE, to), SLOT_SIZE);
	close(fd);
}

static void
survives_being_closed(void **state)
{
	struct fixture *f = *state;
	struct guard_state signed_last;

	for (uint64_t batch = 1; batch <= 9; batch++) {
		log_grow(f, batch);
		log_sign(f);
		state_now(f, &signed_last);
		assert_int_equal(reopen(f), ERR_OK);
		assert_int_equal(guard_state(f->guard)->size, signed_last.size);
		assert_true(digest_equal(&guard_state(f->guard)->root, &signed_last.root));
	}
}

static void
is_readable_by_its_user_alone(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char path[512];

	fixture_path(f, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

static void
is_not_made_twice(void **state)
{
	struct fixture *f = *state;

	log_grow(f, 3);
	log_sign(f);
	assert_int_equal(guard_create(f->directory, ORIGIN, SPKI), ERR_MISMATCH);
	assert_int_equal(reopen(f), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 3);
}

static void
serves_one_process(void **state)
{
	struct fixture *f = *state;
	struct guard *second;

	assert_int_equal(guard_open(f->directory, ORIGIN, SPKI, NULL, &second), ERR_IO);
	assert_null(second);
}

static void
can_be_shown_while_it_serves(void **state)
{
	struct fixture *f = *state;
	struct guard_state shown;

	log_grow(f, 3);
	log_sign(f);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &shown), ERR_OK);
	assert_int_equal(shown.size, 3);
}

static void
each_log_and_each_key_has_its_own(void **state)
{
	struct fixture *f = *state;
	struct guard *other;

	assert_int_equal(
	    guard_open(f->directory, "hallmark.test/log2", SPKI, NULL, &other), ERR_NOT_FOUND);
	assert_int_equal(
	    guard_open(f->directory, ORIGIN, VIEW_LITERAL("another key"), NULL, &other),
	    ERR_NOT_FOUND);
}

static void
is_never_assumed_to_be_empty(void **state)
{
	struct fixture *f = *state;
	struct guard_state shown;
	char path[512];

	fixture_path(f, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(reopen(f), ERR_NOT_FOUND);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &shown), ERR_NOT_FOUND);
}

/* Every byte of both slots counts, the reserved ones too. */
static void
refuses_any_changed_byte(void **state)
{
	struct fixture *f = *state;

	log_grow(f, 3);
	log_sign(f);
	for (off_t slot = 0; slot < 2; slot++) {
		for (off_t i = 0; i < SLOT_SIZE; i++) {
			flip(f, slot * SLOT_STRIDE + i);
			assert_int_equal(reopen(f), ERR_FORMAT);
			assert_null(f->guard);
			flip(f, slot * SLOT_STRIDE + i);
		}
	}
	assert_int_equal(reopen(f), ERR_OK);
}

static void
refuses_any_shortened_file(void **state)
{
	struct fixture *f = *state;
	const off_t sizes[] = {0, 1, SLOT_SIZE - 1, SLOT_SIZE, SLOT_STRIDE, SLOT_STRIDE + 1,
	    SLOT_STRIDE + SLOT_SIZE - 1};
	char path[512];

	fixture_path(f, path);
	for (size_t i = sizeof(sizes) / sizeof(sizes[0]); i-- > 0;) {
		assert_int_equal(truncate(path, sizes[i]), 0);
		assert_int_equal(reopen(f), ERR_FORMAT);
	}
}

/* A slot in the other's place has a good checksum and the wrong number for its place. */
static void
refuses_a_copied_slot(void **state)
{
	struct fixture *f = *state;

	log_grow(f, 3);
	log_sign(f);
	copy_slot(f, 0, SLOT_STRIDE);
	assert_int_equal(reopen(f), ERR_FORMAT);
}

/* The newer slot replaced by one of three steps before: numbers that do not follow one another. */
static void
refuses_slots_with_a_gap(void **state)
{
	struct fixture *f = *state;
	uint8_t old[SLOT_SIZE];
	char path[512];
	int fd;

	fixture_path(f, path);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, old, SLOT_SIZE, 0), SLOT_SIZE); /* number 0 */
	for (unsigned i = 0; i < 2; i++) {
		log_grow(f, 1);
		log_sign(f);
	}
	log_grow(f, 1);
	log_sign(f); /* numbers are 4 and 3 */
	assert_int_equal(pwrite(fd, old, SLOT_SIZE, 0), SLOT_SIZE);
	close(fd);
	assert_int_equal(reopen(f), ERR_FORMAT);
}

static void
a_lost_state_is_adopted_from_a_checkpoint(void **state)
{
	struct fixture *f = *state;
	struct guard_state adopted;
	char path[512];

	log_grow(f, 7);
	log_sign(f);
	state_now(f, &adopted);
	guard_close(&f->guard);
	fixture_path(f, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &adopted), ERR_OK);
	assert_int_equal(reopen(f), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 7);
	log_grow(f, 2);
	log_sign(f);
}

static void
adoption_mends_a_damaged_state(void **state)
{
	struct fixture *f = *state;
	struct guard_state adopted;

	log_grow(f, 7);
	log_sign(f);
	state_now(f, &adopted);
	guard_close(&f->guard);
	flip(f, 20);
	flip(f, SLOT_STRIDE + 20);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &adopted), ERR_OK);
	assert_int_equal(reopen(f), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 7);
}

/* The published checkpoint is up to a second old: what a whole slot knows is newer, and counts. */
static void
adoption_keeps_what_a_whole_slot_knows(void **state)
{
	struct fixture *f = *state;
	struct guard_state published;

	log_grow(f, 2);
	log_sign(f); /* slot 0 */
	state_now(f, &published);
	log_grow(f, 2);
	log_sign(f); /* slot 1 */
	log_grow(f, 2);
	log_sign(f); /* slot 0 */
	guard_close(&f->guard);
	flip(f, 20);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &published), ERR_OK);
	assert_int_equal(published.size, 4);
	assert_int_equal(reopen(f), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 4);
}

static void
adoption_does_not_roll_back(void **state)
{
	struct fixture *f = *state;
	struct guard_state old;

	log_grow(f, 2);
	log_sign(f);
	state_now(f, &old);
	log_grow(f, 2);
	log_sign(f);
	guard_close(&f->guard);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &old), ERR_GUARD_ROLLBACK);
	assert_int_equal(reopen(f), ERR_OK);
	assert_int_equal(guard_state(f->guard)->size, 4);
}

static void
adoption_does_not_fork(void **state)
{
	struct fixture *f = *state;
	struct guard_state other = {.size = 4};

	log_grow(f, 4);
	log_sign(f);
	guard_close(&f->guard);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &other), ERR_GUARD_FORK);
	flip(f, SLOT_STRIDE + 120); /* the older one: number 1 */
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &other), ERR_GUARD_FORK);
}

static void
adoption_waits_for_the_key_process(void **state)
{
	struct fixture *f = *state;
	struct guard_state adopted;

	log_grow(f, 4);
	state_now(f, &adopted);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &adopted), ERR_IO);
}

/* Whoever makes the state anew meanwhile has a file, and a lock, of his own. */
static void
writes_no_file_that_was_taken_away(void **state)
{
	struct fixture *f = *state;
	struct guard_state next, adopted;
	char path[512], moved[600];

	log_grow(f, 3);
	log_sign(f);
	state_now(f, &adopted);
	log_grow(f, 1);
	state_now(f, &next);
	fixture_path(f, path);
	snprintf(moved, sizeof(moved), "%s/.moved", f->directory);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(guard_write(f->guard, next.size, &next.root), ERR_IO);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &adopted), ERR_OK);
	assert_int_equal(guard_write(f->guard, next.size, &next.root), ERR_IO);
	assert_int_equal(guard_state(f->guard)->size, 3);
	assert_int_equal(rename(moved, path), 0);
	assert_int_equal(guard_write(f->guard, next.size, &next.root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
}

static void
refuses_a_file_that_others_can_write(void **state)
{
	static const mode_t open_to_others[] = {0620, 0602, 0666};
	struct fixture *f = *state;
	struct guard_state shown, adopted = {.size = 0};
	char path[512];

	fixture_path(f, path);
	guard_close(&f->guard);
	merkle_empty_root(&adopted.root);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(chmod(path, open_to_others[i]), 0);
		assert_int_equal(reopen(f), ERR_IO);
		assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &shown), ERR_IO);
		assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &adopted), ERR_IO);
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(reopen(f), ERR_OK);
}

static void
follows_no_link(void **state)
{
	struct fixture *f = *state;
	struct guard_state shown, adopted = {.size = 0};
	char path[512], moved[600];

	fixture_path(f, path);
	guard_close(&f->guard);
	merkle_empty_root(&adopted.root);
	snprintf(moved, sizeof(moved), "%s/.moved", f->directory);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(symlink(".moved", path), 0);
	assert_int_equal(reopen(f), ERR_IO);
	assert_int_equal(guard_read(f->directory, ORIGIN, SPKI, &shown), ERR_IO);
	assert_int_equal(guard_adopt(f->directory, ORIGIN, SPKI, &adopted), ERR_IO);
	assert_int_equal(rename(moved, path), 0);
	assert_int_equal(reopen(f), ERR_OK);
}

/* Nor does one wait for whoever opens the other end of a pipe. */
static void
takes_only_a_file(void **state)
{
	struct fixture *f = *state;
	char path[512];

	fixture_path(f, path);
	guard_close(&f->guard);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(reopen(f), ERR_IO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(survives_being_closed),
	    TEST(is_readable_by_its_user_alone),
	    TEST(is_not_made_twice),
	    TEST(serves_one_process),
	    TEST(can_be_shown_while_it_serves),
	    TEST(each_log_and_each_key_has_its_own),
	    TEST(is_never_assumed_to_be_empty),
	    TEST(refuses_any_changed_byte),
	    TEST(refuses_any_shortened_file),
	    TEST(refuses_a_copied_slot),
	    TEST(refuses_slots_with_a_gap),
	    TEST(a_lost_state_is_adopted_from_a_checkpoint),
	    TEST(adoption_mends_a_damaged_state),
	    TEST(adoption_keeps_what_a_whole_slot_knows),
	    TEST(adoption_does_not_roll_back),
	    TEST(adoption_does_not_fork),
	    TEST(adoption_waits_for_the_key_process),
	    TEST(writes_no_file_that_was_taken_away),
	    TEST(refuses_a_file_that_others_can_write),
	    TEST(follows_no_link),
	    TEST(takes_only_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
