/*
 * What is known of files: found again while nothing is said to have changed, only by those to whom
 * it was lent, within its room, and whole after a measuring process that was ended anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/content/known_files.h"
#include "collector/content/settling.h"

#define FEW  (100 * (size_t)KNOWN_FILES_ENTRY_SIZE)
#define LONG 1000 /* seconds */

/* A file of a disk, and what is said of it. */
struct stand {
	int fd;
	struct statx s;
	struct timespec later; /* than its last change by far */
};

static int
make_stand(void **state)
{
	struct stand *st = calloc(1, sizeof(*st));

	assert_non_null(st);
	*state = st;
	st->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(statx(st->fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &st->s), 0);
	st->later.tv_sec = st->s.stx_ctime.tv_sec + LONG;
	return 0;
}

static int
free_stand(void **state)
{
	struct stand *st = *state;

	(void)close(st->fd);
	free(st);
	return 0;
}

static struct digest
digest_like(unsigned number)
{
	struct digest d;

	memset(d.bytes, (int)number, sizeof(d.bytes));
	return d;
}

/* As if there were as many files as numbers. */
static struct statx
numbered(const struct stand *st, unsigned number)
{
	struct statx s = st->s;

	s.stx_ino += number;
	return s;
}

static void
keep(struct known_files *k, const struct stand *st, unsigned number)
{
	const struct statx s = numbered(st, number);
	const struct digest d = digest_like(number);

	known_files_keep(k, st->fd, &s, s.stx_size, true, &st->later, &d);
}

/* Whatever chance says. */
static bool
knows(struct known_files *k, const struct stand *st, unsigned number)
{
	const struct statx s = numbered(st, number);
	const struct digest expected = digest_like(number);
	struct digest found;
	uint32_t read_s;
	bool known = false;

	for (unsigned i = 0; !known && i < 100; i++)
		known = known_files_find(k, &s, s.stx_size, true, &found, &read_s);
	if (known) {
		assert_true(digest_equal(&found, &expected));
		assert_int_equal(read_s, st->later.tv_sec);
	}
	return known;
}

/* Who has looked at its attributes says whether there were some; who has not is told nothing. */
static void
bare_files_are_known_apart(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	const struct digest d = digest_like(1);
	struct digest found;
	uint32_t read_s;
	bool known = false;

	known_files_begin(k, 1);
	known_files_keep(k, st->fd, &st->s, st->s.stx_size, false, &st->later, &d);
	known_files_end(k);
	known_files_begin(k, 1);
	for (unsigned i = 0; i < 100; i++) {
		assert_false(known_files_find(k, &st->s, st->s.stx_size, true, &found, &read_s));
		known =
		    known || known_files_find(k, &st->s, st->s.stx_size, false, &found, &read_s);
	}
	assert_true(known);
	known_files_free(&k);
}

static void
what_was_read_is_known_in_the_next_round(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);

	known_files_begin(k, 2);
	assert_false(knows(k, st, 0));
	for (unsigned i = 0; i < 10; i++)
		keep(k, st, i);
	known_files_end(k);
	for (unsigned round = 0; round < 3; round++) {
		known_files_begin(k, 2);
		for (unsigned i = 0; i < 10; i++)
			assert_true(knows(k, st, i));
		assert_false(knows(k, st, 10));
		known_files_end(k);
	}
	known_files_free(&k);
}

static void
another_word_of_the_kernels_is_another_file(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	struct digest found;
	uint32_t read_s;

	known_files_begin(k, 1);
	keep(k, st, 0);
	known_files_end(k);
	known_files_begin(k, 1);
	assert_true(knows(k, st, 0));
	for (unsigned what = 0; what < 11; what++) {
		struct statx s = st->s;

		s.stx_dev_major += what == 0;
		s.stx_dev_minor += what == 1;
		s.stx_mnt_id += what == 2;
		s.stx_ino += what == 3;
		s.stx_size += what == 4;
		s.stx_mtime.tv_sec += what == 5;
		s.stx_mtime.tv_nsec ^= what == 6;
		s.stx_ctime.tv_sec += what == 7;
		s.stx_ctime.tv_nsec ^= what == 8;
		s.stx_btime.tv_sec += what == 9;
		s.stx_btime.tv_nsec ^= what == 10;
		for (unsigned i = 0; i < 20; i++)
			assert_false(known_files_find(k, &s, s.stx_size, true, &found, &read_s));
	}
	known_files_free(&k);
}

static void
what_changed_a_moment_ago_is_not_kept(void **state)
{
	struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	const struct digest d = digest_like(0);
	struct timespec began = {st->s.stx_ctime.tv_sec + SETTLING_LEAST_S - 1, 0};

	known_files_begin(k, 1);
	known_files_keep(k, st->fd, &st->s, st->s.stx_size, true, &began, &d);
	began.tv_sec = st->s.stx_ctime.tv_sec - LONG; /* the clock was set back */
	known_files_keep(k, st->fd, &st->s, st->s.stx_size, true, &began, &d);
	known_files_begin(k, 1);
	assert_false(knows(k, st, 0));
	known_files_free(&k);
}

static void
a_file_system_without_times_of_its_own_is_not_kept(void **state)
{
	struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	const int memory = memfd_create("test", MFD_CLOEXEC);
	const struct digest d = digest_like(0);
	struct statx s = st->s;

	s.stx_mnt_id++;
	known_files_begin(k, 1);
	known_files_keep(k, memory, &s, s.stx_size, true, &st->later, &d); /* a tmpfs */
	known_files_keep(k, st->fd, &st->s, st->s.stx_size, true, &st->later, &d);
	known_files_begin(k, 1);
	assert_true(knows(k, st, 0));
	st->s.stx_mnt_id++;
	assert_false(knows(k, st, 0));
	st->s.stx_mnt_id--;
	(void)close(memory);
	known_files_free(&k);
}

/* Whether a file of an overlay with this file system's directory above is known in the next round.
 */
static bool
is_kept_over(const char *type, bool *tried)
{
	char top[] = "/var/tmp/hallmark-overlay-XXXXXX", options[256], path[128];
	struct known_files *k = known_files_new(FEW);
	const struct digest d = digest_like(0);
	struct timespec later = {.tv_nsec = 0};
	struct digest found;
	uint32_t read_s;
	bool kept = false;
	struct statx s;
	int fd;

	assert_non_null(mkdtemp(top));
	*tried = type == NULL || mount(type, top, type, 0, NULL) == 0;
	for (unsigned i = 0; i < 4; i++) {
		static const char *const names[] = {"lower", "upper", "work", "seen"};

		(void)snprintf(path, sizeof(path), "%s/%s", top, names[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	(void)snprintf(options, sizeof(options),
	    "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", top, top, top);
	*tried = *tried && mount("overlay", path, "overlay", 0, options) == 0;
	(void)snprintf(options, sizeof(options), "%s/file", path);
	if (*tried) {
		assert_true((fd = open(options, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) >= 0);
		assert_int_equal(write(fd, options, sizeof(options)), sizeof(options));
		assert_int_equal(fsync(fd), 0);
		assert_int_equal(statx(fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &s), 0);
		later.tv_sec = s.stx_ctime.tv_sec + LONG;
		known_files_begin(k, 1);
		known_files_keep(k, fd, &s, s.stx_size, true, &later, &d);
		known_files_begin(k, 1);
		for (unsigned i = 0; i < 100; i++) /* some are read again by chance */
			kept = kept || known_files_find(k, &s, s.stx_size, true, &found, &read_s);
		(void)close(fd);
		assert_int_equal(umount(path), 0);
	}
	if (type != NULL)
		(void)umount(top);
	(void)snprintf(options, sizeof(options), "rm -rf %s", top);
	assert_int_equal(system(options), 0);
	known_files_free(&k);
	return kept;
}

static void
an_overlay_keeps_what_lies_on_a_disk(void **state)
{
	bool in_memory, on_disk, tried_memory, tried_disk;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		skip();
	in_memory = is_kept_over("tmpfs", &tried_memory);
	on_disk = is_kept_over(NULL, &tried_disk);
	if (!tried_memory)
		skip();
	assert_false(in_memory);
	assert_true(on_disk || !tried_disk); /* an overlay's own directory may be in one */
}

static void
a_share_is_read_again_by_chance(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	const struct digest other = digest_like(9);
	struct digest found;
	unsigned again = 0;
	uint32_t read_s;

	known_files_begin(k, 25);
	keep(k, st, 0);
	known_files_begin(k, 25);
	for (unsigned i = 0; i < 4000; i++)
		again += !known_files_find(k, &st->s, st->s.stx_size, true, &found, &read_s);
	assert_in_range(again, 800, 1200); /* 1,000, and 7 standard deviations */
	/* What is read then takes its place at once. */
	known_files_keep(k, st->fd, &st->s, st->s.stx_size, true, &st->later, &other);
	while (!known_files_find(k, &st->s, st->s.stx_size, true, &found, &read_s))
		continue;
	assert_true(digest_equal(&found, &other));
	known_files_begin(k, 100);
	for (unsigned i = 0; i < 1000; i++)
		assert_false(known_files_find(k, &st->s, st->s.stx_size, true, &found, &read_s));
	known_files_free(&k);
}

static void
what_does_not_fit_is_read(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	unsigned known = 0;

	known_files_begin(k, 1);
	for (unsigned i = 0; i < 150; i++)
		keep(k, st, i);
	known_files_end(k);
	known_files_begin(k, 1);
	for (unsigned i = 0; i < 150; i++)
		known += knows(k, st, i);
	assert_int_equal(known, 100);
	known_files_free(&k);
}

static void
what_is_of_no_use_makes_room(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);

	known_files_begin(k, 1);
	for (unsigned i = 0; i < 100; i++)
		keep(k, st, i);
	known_files_end(k);
	/* A round that did not come to its end says nothing of what it did not look at. */
	known_files_begin(k, 1);
	assert_true(knows(k, st, 1));
	known_files_begin(k, 1);
	for (unsigned i = 0; i < 10; i++)
		assert_true(knows(k, st, i));
	known_files_end(k);
	known_files_begin(k, 1);
	for (unsigned i = 100; i < 190; i++)
		keep(k, st, i);
	for (unsigned i = 0; i < 10; i++)
		assert_true(knows(k, st, i));
	known_files_end(k);
	known_files_begin(k, 1);
	for (unsigned i = 0; i < 190; i++)
		assert_int_equal(knows(k, st, i), i < 10 || i >= 100);
	known_files_free(&k);
}

static int
status_of(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
each_of_many_is_found(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(100 * FEW);

	known_files_begin(k, 1);
	for (unsigned i = 0; i < 10000; i++)
		keep(k, st, i);
	known_files_end(k);
	known_files_begin(k, 1);
	for (unsigned i = 0; i < 12000; i++)
		assert_int_equal(knows(k, st, i), i < 10000);
	known_files_free(&k);
}

static void
only_who_is_lent_it_has_it(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	pid_t child;
	int status;

	known_files_lend(k, true);
	if ((child = fork()) == 0) {
		known_files_begin(k, 1);
		keep(k, st, 3);
		known_files_end(k);
		_exit(0);
	}
	known_files_lend(k, false);
	assert_int_equal(status_of(child), 0);
	if ((child = fork()) == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		known_files_begin(k, 1);
		_exit(0);
	}
	status = status_of(child);
	assert_true(!WIFEXITED(status) || WEXITSTATUS(status) != 0); /* it has no such memory */
	known_files_lend(k, true);
	if ((child = fork()) == 0) {
		known_files_begin(k, 1);
		_exit(knows(k, st, 3) ? 0 : 1);
	}
	assert_int_equal(status_of(child), 0);
	known_files_free(&k);
}

/* The kernel kills this process in a moment. */
static void
end_behind_us(unsigned us)
{
	struct sigevent kill_it = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	const struct itimerspec then = {.it_value = {0, us * 1000}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &kill_it, &timer) != 0 ||
	    timer_settime(timer, 0, &then, NULL) != 0)
		_exit(1);
}

/* It is killed while it keeps and sorts; what is known then is true, or not known. */
static void
an_end_at_any_moment_leaves_nothing_wrong(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(100 * FEW);

	known_files_lend(k, true);
	for (unsigned turn = 0; turn < 40; turn++) {
		pid_t child = fork();

		if (child == 0) {
			end_behind_us(500 + 97 * turn);
			for (unsigned round = 0;; round++) {
				known_files_begin(k, 50);
				for (unsigned i = 0; i < 200; i++)
					keep(k, st, (i * 7 + round) % 250);
			}
		}
		assert_true(WIFSIGNALED(status_of(child)));
		if ((child = fork()) == 0) {
			known_files_begin(k, 1);
			for (unsigned i = 0; i < 250; i++)
				(void)knows(k, st, i); /* with its own digest */
			_exit(0);
		}
		assert_int_equal(status_of(child), 0);
	}
	known_files_free(&k);
}

/* The kernel checks what it reads of these; and a digest is of as many bytes as it was read of. */
static void
verity_and_size(void **state)
{
	const struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);
	const struct digest d = digest_like(1);
	struct statx s = st->s;
	struct digest found;
	uint32_t read_s;

	s.stx_attributes |= STATX_ATTR_VERITY;
	known_files_begin(k, 99);
	known_files_keep(k, st->fd, &s, s.stx_size, true, &st->later, &d);
	known_files_end(k);
	known_files_begin(k, 99);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(known_files_find(k, &s, s.stx_size, true, &found, &read_s));
		assert_false(known_files_find(k, &s, s.stx_size - 1, true, &found, &read_s));
		assert_false(known_files_find(k, &st->s, s.stx_size, true, &found, &read_s));
	}
	known_files_free(&k);
}

/* There a page that is mapped for writing may stay so, and the times as they are. */
static void
what_has_no_page_cache_is_not_kept(void **state)
{
	struct stand *st = *state;
	struct known_files *k = known_files_new(FEW);

	known_files_begin(k, 1);
	st->s.stx_attributes |= STATX_ATTR_DAX;
	keep(k, st, 0);
	st->s.stx_attributes &= ~(uint64_t)STATX_ATTR_DAX;
	keep(k, st, 1);
	known_files_begin(k, 1);
	assert_false(knows(k, st, 0));
	assert_true(knows(k, st, 1));
	known_files_free(&k);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_stand, free_stand)
	const struct CMUnitTest tests[] = {
	    TEST(bare_files_are_known_apart),
	    TEST(what_was_read_is_known_in_the_next_round),
	    TEST(another_word_of_the_kernels_is_another_file),
	    TEST(what_changed_a_moment_ago_is_not_kept),
	    TEST(a_file_system_without_times_of_its_own_is_not_kept),
	    TEST(what_has_no_page_cache_is_not_kept),
	    TEST(an_overlay_keeps_what_lies_on_a_disk),
	    TEST(a_share_is_read_again_by_chance),
	    TEST(verity_and_size),
	    TEST(what_does_not_fit_is_read),
	    TEST(what_is_of_no_use_makes_room),
	    TEST(each_of_many_is_found),
	    TEST(only_who_is_lent_it_has_it),
	    TEST(an_end_at_any_moment_leaves_nothing_wrong),
	};
	struct statfs system;

	if (statfs("/proc/self/exe", &system) == 0 && system.f_type == TMPFS_MAGIC) {
		print_message("built in a tmpfs, where nothing is kept\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
