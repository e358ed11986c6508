/* The executable mappings of a process, listed, and whether its files are the same later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/memory/mappings.h"
#include "collector/memory/procmap.h"

static int self;

static int
open_self(void **state)
{
	(void)state;
	return (self = open("/proc/self", O_PATH | O_DIRECTORY)) >= 0 ? 0 : -1;
}

static void
test_files_that_come_are_noticed(void **state)
{
	struct mappings before = {.list = NULL}, after = {.list = NULL};
	const int file = open("/proc/self/exe", O_RDONLY);
	void *mapped;

	(void)state;
	assert_int_equal(mappings_list(self, &before), ERR_OK);
	assert_int_equal(mappings_list(self, &after), ERR_OK);
	assert_true(before.count > 1 && mappings_same_files(&before, &after));
	mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	assert_true(mapped != MAP_FAILED);
	assert_int_equal(mappings_list(self, &after), ERR_OK);
	assert_false(mappings_same_files(&before, &after));
	assert_false(mappings_same_files(&after, &before));
	assert_int_equal(munmap(mapped, 4096), 0);
	assert_int_equal(mappings_list(self, &after), ERR_OK);
	assert_true(mappings_same_files(&before, &after));
	mappings_free(&before);
	mappings_free(&after);
	assert_int_equal(close(file), 0);
}

/* What a compiler at run time makes is no reason to begin again. */
static void
test_memory_may_come_and_go(void **state)
{
	struct mappings before = {.list = NULL}, after = {.list = NULL};
	const int file = memfd_create("code", 0);
	void *mapped[2];

	(void)state;
	assert_int_equal(ftruncate(file, 4096), 0);
	assert_int_equal(mappings_list(self, &before), ERR_OK);
	mapped[0] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mapped[1] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
	assert_true(mapped[0] != MAP_FAILED && mapped[1] != MAP_FAILED);
	assert_int_equal(mappings_list(self, &after), ERR_OK);
	assert_int_equal(after.count, before.count + 2);
	assert_true(mappings_same_files(&before, &after));
	mappings_free(&before);
	mappings_free(&after);
	assert_int_equal(munmap(mapped[0], 4096), 0);
	assert_int_equal(munmap(mapped[1], 4096), 0);
	assert_int_equal(close(file), 0);
}

static enum err
write_down(void *context, const struct maps_entry *entry)
{
	if (entry->executable && !view_equal(entry->path, VIEW_LITERAL("[vsyscall]")))
		buf_append_format(context, "%llx-%llx %d %d %x:%x %llx %llx %.*s\n",
		    (unsigned long long)entry->start, (unsigned long long)entry->end,
		    entry->writable, entry->shared, entry->device_major, entry->device_minor,
		    (unsigned long long)entry->offset, (unsigned long long)entry->inode,
		    (int)entry->path.size, (const char *)entry->path.data);
	return buf_status(context);
}

/* Line feeds in names, files without a name, memory with one. */
static void
test_both_ways_of_asking_tell_the_same(void **state)
{
	static const char name[] = "/tmp/hallmark-map\n\\pings";
	struct buf lines = BUF_INIT, answers = BUF_INIT;
	const int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	const int code = memfd_create("co\nde", 0);
	const int maps = open("/proc/self/maps", O_RDONLY);
	bool is_known;
	void *mapped[3];

	(void)state;
	assert_true(file >= 0 && code >= 0 && maps >= 0);
	assert_int_equal(ftruncate(file, 8192), 0);
	assert_int_equal(ftruncate(code, 4096), 0);
	mapped[0] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 4096);
	mapped[1] = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, code, 0);
	mapped[2] = mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(procmap_each(maps, write_down, &answers, &is_known), ERR_OK);
	assert_int_equal(maps_each(maps, write_down, &lines), ERR_OK);
	if (is_known) {
		assert_int_equal(answers.size, lines.size);
		assert_memory_equal(answers.data, lines.data, lines.size);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(munmap(mapped[i], 4096), 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(close(file), 0);
	assert_int_equal(close(code), 0);
	buf_free(&lines);
	buf_free(&answers);
}

static void
test_no_such_process(void **state)
{
	struct mappings m = {.list = NULL};

	(void)state;
	assert_int_equal(mappings_list(-1, &m), ERR_IO);
	mappings_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files_that_come_are_noticed),
	    cmocka_unit_test(test_memory_may_come_and_go),
	    cmocka_unit_test(test_both_ways_of_asking_tell_the_same),
	    cmocka_unit_test(test_no_such_process),
	};

	return cmocka_run_group_tests(tests, open_self, NULL);
}
