/* Files from anyone: regular ones of a bounded size, whole or not at all. */
#include "tests/unit/audit_fixture.h"

#include <errno.h>
#include <sys/inotify.h>

#include "log/inputfile.h"

static void
test_reads_a_whole_file(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	buf_append_string(&b, "before ");
	fixture_write(f, "a/file", "content", 7);
	assert_int_equal(inputfile_read(f->dir, "a/file", 7, &b), ERR_OK);
	assert_int_equal(b.size, 14);
	assert_memory_equal(b.data, "before content", 14);
	buf_free(&b);
}

static void
test_reads_an_empty_file(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	fixture_write(f, "empty", "", 0);
	assert_int_equal(inputfile_read(f->dir, "empty", 0, &b), ERR_OK);
	assert_int_equal(b.size, 0);
	buf_free(&b);
}

static void
test_reads_a_large_file(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	const size_t size = 3000001;
	uint8_t *data = malloc(size);

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 7 >> 3);
	fixture_write(f, "large", data, size);
	assert_int_equal(inputfile_read(f->dir, "large", size, &b), ERR_OK);
	assert_int_equal(b.size, size);
	assert_memory_equal(b.data, data, size);
	buf_free(&b);
	free(data);
}

static void
test_one_byte_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	buf_append_string(&b, "kept");
	fixture_write(f, "file", "content", 7);
	assert_int_equal(inputfile_read(f->dir, "file", 6, &b), ERR_FORMAT_SIZE);
	assert_int_equal(inputfile_read(f->dir, "file", 0, &b), ERR_FORMAT_SIZE);
	assert_int_equal(b.size, 4);
	buf_free(&b);
}

static void
test_a_sparse_giant_is_refused_unread(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	int fd = openat(f->dir, "giant", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	assert_int_equal(inputfile_read(f->dir, "giant", 1000, &b), ERR_FORMAT_SIZE);
	assert_int_equal(b.capacity, 0);
	buf_free(&b);
}

/* /proc/self/maps says that it is empty, and is not. */
static void
test_a_file_that_grows_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	assert_int_equal(inputfile_read(f->dir, "/proc/self/maps", 100, &b), ERR_FORMAT_SIZE);
	assert_int_equal(inputfile_read(f->dir, "/proc/self/maps", 10000000, &b), ERR_OK);
	assert_true(b.size > 100);
	buf_free(&b);
}

static void
test_what_is_not_a_regular_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	assert_int_equal(mkfifoat(f->dir, "fifo", 0600), 0);
	assert_int_equal(inputfile_read(f->dir, "fifo", 100, &b), ERR_UNSUPPORTED);
	assert_int_equal(inputfile_read(f->dir, ".", 100, &b), ERR_UNSUPPORTED);
	assert_int_equal(inputfile_read(f->dir, "/dev/zero", 100, &b), ERR_UNSUPPORTED);
	assert_string_equal(inputfile_reason(ERR_UNSUPPORTED), "it is not a regular file");
	buf_free(&b);
}

/* To open a device may be all that it needs to do something. */
static void
test_what_is_not_a_regular_file_is_not_opened(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct inotify_event event;
	char path[128];

	assert_int_equal(mkfifoat(f->dir, "fifo", 0600), 0);
	assert_int_equal(symlinkat("fifo", f->dir, "link"), 0);
	(void)snprintf(path, sizeof(path), "%s/fifo", f->path);
	assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	assert_int_equal(inputfile_read(f->dir, "fifo", 100, &b), ERR_UNSUPPORTED);
	assert_int_equal(inputfile_read(f->dir, "link", 100, &b), ERR_UNSUPPORTED);
	assert_int_equal(read(watch, &event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	close(watch);
}

static void
test_what_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	fixture_write(f, "file", "", 0);
	assert_int_equal(inputfile_read(f->dir, "absent", 100, &b), ERR_NOT_FOUND);
	assert_int_equal(inputfile_read(f->dir, "file/below", 100, &b), ERR_NOT_FOUND);
	assert_int_equal(symlinkat("loop", f->dir, "loop"), 0);
	assert_int_equal(inputfile_read(f->dir, "loop", 100, &b), ERR_IO);
	assert_string_equal(inputfile_reason(ERR_IO), strerror(ELOOP));
	buf_free(&b);
}

static void
test_reads_a_part(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	uint64_t size;
	int fd;

	fixture_write(f, "file", "0123456789", 10);
	assert_int_equal(inputfile_open(f->dir, "file", &fd, &size), ERR_OK);
	assert_int_equal(size, 10);
	assert_int_equal(inputfile_read_at(fd, 3, 4, &b), ERR_OK);
	assert_int_equal(b.size, 4);
	assert_memory_equal(b.data, "3456", 4);
	assert_int_equal(inputfile_read_at(fd, 7, 4, &b), ERR_FORMAT_SIZE);
	assert_int_equal(inputfile_read_at(fd, 11, 1, &b), ERR_FORMAT_SIZE);
	assert_int_equal(b.size, 4);
	close(fd);
	buf_free(&b);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_reads_a_whole_file),
	    TEST(test_reads_an_empty_file),
	    TEST(test_reads_a_large_file),
	    TEST(test_one_byte_over_the_limit_is_refused),
	    TEST(test_a_sparse_giant_is_refused_unread),
	    TEST(test_a_file_that_grows_is_bounded),
	    TEST(test_what_is_not_a_regular_file_is_refused),
	    TEST(test_what_is_not_a_regular_file_is_not_opened),
	    TEST(test_what_is_not_there),
	    TEST(test_reads_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
