/* The name that the kernel tells of a mapped file, looked up again below a root, by no link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/memory/mapped_file.h"

static char place[] = "/tmp/hallmark-mapped-XXXXXX";
static int root;

static int
make_place(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(place) == NULL || (root = open(place, O_PATH | O_DIRECTORY)) < 0)
		return -1;
	assert_int_equal(mkdirat(root, "a", 0700), 0);
	assert_int_equal(mkdirat(root, "a/b", 0700), 0);
	for (unsigned i = 0; i < 2; i++) {
		fd = openat(root, i == 0 ? "a/b/file" : "a/b/other", O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0);
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(symlinkat("b", root, "a/link"), 0);
	return symlinkat("file", root, "a/b/link");
}

static int
remove_place(void **state)
{
	char command[64];

	(void)state;
	(void)close(root);
	(void)snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

/* The flags of a/b/file under that name; it is opened only where there are none. */
static uint32_t
flags_of(const char *name)
{
	const struct mapped_roots roots = {root, NULL};
	struct mapped_file held = {NULL, NULL};
	struct mapped_name found;
	struct stat file, opened;

	assert_int_equal(fstatat(root, "a/b/file", &file, 0), 0);
	held.stat = &file;
	assert_int_equal(mapped_file_resolve(&roots, view_of_string(name), &held, &found), ERR_OK);
	assert_int_equal(found.fd >= 0, found.flags == 0);
	if (found.fd >= 0) {
		assert_int_equal(fstat(found.fd, &opened), 0);
		assert_int_equal(opened.st_ino, file.st_ino);
		assert_int_equal(close(found.fd), 0);
	}
	return found.flags;
}

static void
test_the_file_itself(void **state)
{
	(void)state;
	assert_int_equal(flags_of("/a/b/file"), 0);
	assert_int_equal(flags_of("//a///b/file"), 0);
}

static void
test_no_link_is_followed(void **state)
{
	(void)state;
	assert_int_equal(flags_of("/a/link/file"), COMPONENT_FILE_REPLACED);
	assert_int_equal(flags_of("/a/b/link"), COMPONENT_FILE_REPLACED);
}

static void
test_nothing_leads_out(void **state)
{
	(void)state;
	assert_int_equal(flags_of("/a/../a/b/file"), COMPONENT_FILE_REPLACED);
	assert_int_equal(flags_of("/../a/b/file"), COMPONENT_FILE_REPLACED);
	assert_int_equal(flags_of("/a/./b/file"), COMPONENT_FILE_REPLACED);
}

static void
test_what_is_another_file_or_none(void **state)
{
	(void)state;
	assert_int_equal(flags_of("/a/b/other"), COMPONENT_FILE_REPLACED);
	assert_int_equal(flags_of("/a/b"), COMPONENT_FILE_REPLACED);
	assert_int_equal(flags_of("/a/b/nothing"), COMPONENT_FILE_DELETED);
	assert_int_equal(flags_of("/a/nothing/file"), COMPONENT_FILE_DELETED);
	assert_int_equal(flags_of("/a/b/file/file"), COMPONENT_FILE_DELETED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_file_itself),
	    cmocka_unit_test(test_no_link_is_followed),
	    cmocka_unit_test(test_nothing_leads_out),
	    cmocka_unit_test(test_what_is_another_file_or_none),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
