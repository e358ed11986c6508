/* Segments of lists on the collector's disk: what is new in a file, what nobody needs goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/segment_file.h"
#include "collector/store/segment_store.h"

#define RECORD_SIZE (DIGEST_SIZE + 4)

struct fixture {
	char path[64];
	int dir;
	struct segment_store *store;
};

static void
open_store(struct fixture *f)
{
	struct trouble t = TROUBLE_INIT;

	assert_int_equal(segment_store_open(f->dir, &f->store, &t), ERR_OK);
}

static void
open_again(struct fixture *f)
{
	segment_store_close(&f->store);
	open_store(f);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->path, sizeof(f->path), "/tmp/hallmark-segments-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	assert_true((f->dir = open(f->path, O_RDONLY | O_DIRECTORY)) >= 0);
	open_store(f);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	struct dirent *entry;
	DIR *names = opendir(f->path);

	segment_store_close(&f->store);
	while (names != NULL && (entry = readdir(names)) != NULL)
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			assert_int_equal(unlinkat(f->dir, entry->d_name, 0), 0);
	closedir(names);
	close(f->dir);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

static struct digest
put(struct fixture *f, struct view bytes)
{
	struct trouble t = TROUBLE_INIT;
	struct digest digest;

	digest_of(bytes.data, bytes.size, &digest);
	assert_int_equal(segment_store_put(f->store, &digest, bytes, &t), ERR_OK);
	return digest;
}

static struct digest
put_text(struct fixture *f, const char *text)
{
	return put(f, view_of_string(text));
}

static void
commit(struct fixture *f)
{
	struct trouble t = TROUBLE_INIT;

	assert_int_equal(segment_store_commit(f->store, &t), ERR_OK);
}

static void
expect(struct fixture *f, const struct digest *digest, struct view bytes)
{
	struct trouble t = TROUBLE_INIT;
	uint8_t *found = malloc(bytes.size);
	uint64_t offset, size;
	int fd;

	assert_int_equal(segment_store_find(f->store, digest, &fd, &offset, &size, &t), ERR_OK);
	assert_int_equal(size, bytes.size);
	assert_int_equal(pread(fd, found, size, (off_t)offset), (ssize_t)size);
	assert_memory_equal(found, bytes.data, size);
	close(fd);
	free(found);
}

static void
expect_text(struct fixture *f, const struct digest *digest, const char *text)
{
	expect(f, digest, view_of_string(text));
}

static void
expect_gone(struct fixture *f, const struct digest *digest)
{
	struct trouble t = TROUBLE_INIT;
	uint64_t offset, size;
	int fd;

	assert_int_equal(
	    segment_store_find(f->store, digest, &fd, &offset, &size, &t), ERR_NOT_FOUND);
	assert_int_equal(fd, -1);
	assert_true(t.text[0] != '\0');
}

/* Sizes of the files, by number; the count of them. */
static size_t
sizes(const struct fixture *f, off_t size[8])
{
	char name[32];
	size_t count = 0;
	struct stat st;

	for (unsigned number = 1; number < 40; number++) {
		snprintf(name, sizeof(name), "segments-%08u", number);
		if (fstatat(f->dir, name, &st, 0) != 0)
			continue;
		assert_true(count < 8);
		size[count++] = st.st_size;
	}
	return count;
}

static struct component_list
list_of(struct component_segment *segments, size_t count)
{
	return (struct component_list){.segment_count = count, .segments = segments};
}

/* All but these are needed no more. */
static void
sweep(struct fixture *f, const struct digest *keep, size_t count)
{
	struct component_segment segments[8];
	struct component_list l = list_of(segments, count);

	for (size_t i = 0; i < count; i++)
		segments[i].digest = keep[i];
	segment_store_sweep_begin(f->store);
	segment_store_keep(f->store, &l);
	segment_store_sweep_end(f->store);
}

static void
what_is_new_stands_in_one_file(void **state)
{
	struct fixture *f = *state;
	struct digest one = put_text(f, "one"), two = put_text(f, "two"), three;
	off_t size[8];

	assert_int_equal(sizes(f, size), 0);
	commit(f);
	commit(f); /* nothing more */
	assert_int_equal(sizes(f, size), 1);
	assert_int_equal(size[0], 2 * (RECORD_SIZE + 3));
	(void)put_text(f, "one");
	commit(f);
	assert_int_equal(sizes(f, size), 1);
	(void)put_text(f, "two");
	three = put_text(f, "three");
	commit(f);
	assert_int_equal(sizes(f, size), 2);
	assert_int_equal(size[1], RECORD_SIZE + 5);
	for (unsigned i = 0; i < 2; i++) {
		expect_text(f, &one, "one");
		expect_text(f, &two, "two");
		expect_text(f, &three, "three");
		open_again(f);
	}
	(void)put_text(f, "one");
	commit(f);
	assert_int_equal(sizes(f, size), 2);
}

static void
what_was_not_committed_is_not_there_the_next_time(void **state)
{
	struct fixture *f = *state;
	struct digest one = put_text(f, "one"), two;
	off_t size[8];

	commit(f);
	two = put_text(f, "two");
	open_again(f);
	expect_text(f, &one, "one");
	expect_gone(f, &two);
	two = put_text(f, "two");
	sweep(f, &one, 1); /* gives it up */
	expect_gone(f, &two);
	two = put_text(f, "two");
	commit(f);
	expect_text(f, &two, "two");
	assert_int_equal(sizes(f, size), 2);
}

static void
a_file_goes_when_nothing_in_it_is_needed(void **state)
{
	struct fixture *f = *state;
	struct digest one = put_text(f, "one"), two = put_text(f, "two"), three, four;
	off_t size[8];

	commit(f);
	three = put_text(f, "three");
	commit(f);
	four = put_text(f, "four");
	commit(f);
	sweep(f, (const struct digest[]){one, four}, 2);
	assert_int_equal(sizes(f, size), 2);
	expect_text(f, &one, "one");
	expect_text(f, &two, "two"); /* stands beside one that is */
	expect_gone(f, &three);
	expect_text(f, &four, "four");
	sweep(f, &two, 1);
	assert_int_equal(sizes(f, size), 1);
	expect_gone(f, &four);
	sweep(f, NULL, 0);
	assert_int_equal(sizes(f, size), 0);
	expect_gone(f, &two);
	one = put_text(f, "one");
	commit(f);
	open_again(f);
	expect_text(f, &one, "one");
}

/* More than half of what the files hold is of no use, and that is much: the rest moves. */
static void
what_is_needed_moves_out_of_large_files(void **state)
{
	struct fixture *f = *state;
	const struct view spare = {calloc(1, SEGMENT_STORE_SPARE), SEGMENT_STORE_SPARE};
	struct digest needed[3];
	off_t size[8];

	assert_non_null(spare.data);
	needed[0] = put_text(f, "one");
	(void)put(f, (struct view){spare.data, spare.size / 2});
	commit(f);
	needed[1] = put_text(f, "two");
	(void)put(f, (struct view){spare.data, spare.size / 2 - 1000});
	commit(f);
	sweep(f, needed, 2);
	assert_int_equal(sizes(f, size), 2); /* not yet that much */
	needed[2] = put_text(f, "three");
	(void)put(f, (struct view){spare.data, 1000});
	commit(f);
	sweep(f, needed, 3);
	assert_int_equal(sizes(f, size), 1);
	assert_int_equal(size[0], 3 * RECORD_SIZE + 3 + 3 + 5);
	for (unsigned i = 0; i < 2; i++) {
		expect_text(f, &needed[0], "one");
		expect_text(f, &needed[1], "two");
		expect_text(f, &needed[2], "three");
		open_again(f);
	}
	sweep(f, needed, 3);
	assert_int_equal(sizes(f, size), 1);
	(void)put_text(f, "four");
	commit(f);
	assert_int_equal(sizes(f, size), 2);
	free((void *)(uintptr_t)spare.data);
}

/* As much is of no use, but more is of use. */
static void
what_is_needed_stays_where_most_is(void **state)
{
	struct fixture *f = *state;
	const struct view bytes = {
	    calloc(1, SEGMENT_STORE_SPARE + 2000), SEGMENT_STORE_SPARE + 2000};
	struct digest needed;
	off_t size[8];

	assert_non_null(bytes.data);
	needed = put(f, bytes);
	(void)put(f, (struct view){bytes.data, bytes.size - 1000});
	commit(f);
	sweep(f, &needed, 1);
	assert_int_equal(sizes(f, size), 1);
	assert_true((uint64_t)size[0] > 2 * SEGMENT_STORE_SPARE);
	free((void *)(uintptr_t)bytes.data);
}

static void
overwrite(struct fixture *f, const char *name, off_t offset, char byte)
{
	int fd = openat(f->dir, name, O_WRONLY);

	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

static void
what_was_altered_is_stored_again(void **state)
{
	struct fixture *f = *state;
	struct digest one = put_text(f, "one"), two = put_text(f, "two");
	struct component_segment segments[] = {{.digest = one}, {.digest = two}};
	struct component_list l = list_of(segments, 2);
	off_t size[8];

	commit(f);
	segment_store_check(f->store, &l);
	expect_text(f, &one, "one");
	overwrite(f, "segments-00000001", RECORD_SIZE, 'O');
	(void)put_text(f, "one");
	expect_text(f, &one, "One"); /* nobody has noticed */
	segment_store_check(f->store, &l);
	expect_gone(f, &one);
	expect_text(f, &two, "two");
	open_again(f); /* for good */
	expect_gone(f, &one);
	expect_text(f, &two, "two");
	(void)put_text(f, "one");
	commit(f);
	open_again(f);
	expect_text(f, &one, "one");
	assert_int_equal(sizes(f, size), 2);
	/* The file is gone. */
	assert_int_equal(unlinkat(f->dir, "segments-00000002", 0), 0);
	segment_store_check(f->store, &l);
	expect_gone(f, &one);
}

/* Of two records of the same segment the one in the later file counts. */
static void
the_later_file_counts(void **state)
{
	struct fixture *f = *state;
	struct digest one = put_text(f, "one");
	char bytes[RECORD_SIZE + 3];
	int fd;

	commit(f);
	memcpy(bytes, one.bytes, DIGEST_SIZE);
	memcpy(bytes + DIGEST_SIZE, "\0\0\0\3ONE", 7);
	fd = openat(f->dir, "segments-00000012", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	close(fd);
	open_again(f);
	expect_text(f, &one, "ONE");
}

static void
a_file_ends_where_it_makes_no_sense(void **state)
{
	struct fixture *f = *state;
	struct digest one = put_text(f, "one"), two = put_text(f, "two");
	const off_t whole = 2 * (RECORD_SIZE + 3);

	commit(f);
	for (off_t size = whole - 1; size >= 0; size--) {
		const int fd = openat(f->dir, "segments-00000001", O_WRONLY);

		assert_int_equal(ftruncate(fd, size), 0);
		close(fd);
		open_again(f);
		expect_gone(f, &two);
		if (size >= whole / 2)
			expect_text(f, &one, "one");
		else
			expect_gone(f, &one);
	}
}

static void
names_that_are_none_are_not_looked_at(void **state)
{
	static const char *const names[] = {"segments-", "segments-1", "segments-0000000x",
	    "segments-000000001", ".segments-00000001.new", "segment-00000001"};
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(segment_file_is(names[i], &number));
	assert_true(segment_file_is("segments-00000123", &number));
	assert_int_equal(number, 123);
}

static void
without_a_number_left_nothing_is_stored(void **state)
{
	struct fixture *f = *state;
	struct trouble t = TROUBLE_INIT;
	struct digest digest = {{1}};

	close(openat(f->dir, "segments-99999999", O_WRONLY | O_CREAT, 0600));
	open_again(f);
	assert_int_equal(segment_store_put(f->store, &digest, VIEW_LITERAL("one"), &t), ERR_IO);
	assert_non_null(strstr(t.text, "no number is left"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_new_stands_in_one_file),
	    TEST(what_was_not_committed_is_not_there_the_next_time),
	    TEST(a_file_goes_when_nothing_in_it_is_needed),
	    TEST(what_is_needed_moves_out_of_large_files),
	    TEST(what_is_needed_stays_where_most_is),
	    TEST(what_was_altered_is_stored_again),
	    TEST(the_later_file_counts),
	    TEST(a_file_ends_where_it_makes_no_sense),
	    TEST(without_a_number_left_nothing_is_stored),
	    cmocka_unit_test(names_that_are_none_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
