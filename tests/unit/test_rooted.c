/* Paths below a root directory: nothing leads out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/rooted.h"

static char base[] = "/tmp/hallmark-rooted-XXXXXX";
static int root;

static void
write_file(const char *path, const char *text)
{
	const int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static int
set_up(void **state)
{
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(base));
	(void)snprintf(path, sizeof(path), "%s/root", base);
	assert_int_equal(mkdir(path, 0755), 0);
	root = open(path, O_PATH | O_DIRECTORY);
	assert_true(root >= 0);
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	assert_int_equal(mkdirat(root, "usr", 0755), 0);
	assert_int_equal(mkdirat(root, "usr/lib", 0755), 0);
	write_file("usr/lib/os-release", "inside");
	write_file("../secret", "outside");
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)close(root);
	(void)snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

static void
is_read(const char *path, const char *text)
{
	struct buf got = BUF_INIT;

	assert_int_equal(rooted_read(root, path, 100, &got, NULL), ERR_OK);
	buf_append_byte(&got, '\0');
	assert_string_equal((const char *)got.data, text);
	buf_free(&got);
}

static enum err
refused(const char *path)
{
	struct buf got = BUF_INIT;
	const enum err e = rooted_read(root, path, 100, &got, NULL);

	assert_int_equal(got.size, 0);
	buf_free(&got);
	return e;
}

static void
links_to(const char *text, const char *path)
{
	(void)unlinkat(root, path, 0);
	assert_int_equal(symlinkat(text, root, path), 0);
}

static void
test_links_stay_within(void **state)
{
	(void)state;
	is_read("/usr/lib/os-release", "inside");
	is_read("usr//./lib/../lib/os-release", "inside");
	is_read("/../../usr/lib/os-release", "inside");
	links_to("../usr/lib/os-release", "etc/relative");
	is_read("/etc/relative", "inside");
	links_to("/usr/lib/os-release", "etc/absolute");
	is_read("/etc/absolute", "inside");
	links_to("usr/lib", "lib");
	is_read("/lib/os-release", "inside");
	is_read("/lib/../lib/os-release", "inside"); /* of usr, as a kernel has it */
	links_to("../../../../../secret", "etc/out");
	assert_int_equal(refused("/etc/out"), ERR_NOT_FOUND);
	assert_int_equal(refused("/../secret"), ERR_NOT_FOUND);
}

static void
test_what_cannot_be_opened(void **state)
{
	char name[300];
	int fd;

	(void)state;
	links_to("loop", "loop");
	assert_int_equal(refused("/loop"), ERR_IO);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(refused("/nothing/below"), ERR_NOT_FOUND);
	assert_int_equal(refused("/usr/lib/os-release/below"), ERR_NOT_FOUND);
	assert_int_equal(refused("/usr/lib"), ERR_FORMAT);
	assert_int_equal(mkfifoat(root, "fifo", 0600), 0);
	assert_int_equal(refused("/fifo"), ERR_FORMAT);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(refused(name), ERR_IO);
	assert_int_equal(errno, ENAMETOOLONG);
	write_file("large", "0123456789");
	assert_int_equal(rooted_open(root, "/usr/lib/os-release", O_DIRECTORY, &fd), ERR_NOT_FOUND);
	assert_int_equal(rooted_open(root, "/usr/../usr/lib/.", O_DIRECTORY, &fd), ERR_OK);
	(void)close(fd);
}

static void
test_depth_and_size_are_bounded(void **state)
{
	struct buf got = BUF_INIT;
	char path[8 * ROOTED_DEPTH_MAX + 8] = "";

	(void)state;
	write_file("large", "0123456789");
	assert_int_equal(rooted_read(root, "large", 9, &got, NULL), ERR_FORMAT_SIZE);
	assert_int_equal(got.size, 0);
	for (unsigned i = 0; i < ROOTED_DEPTH_MAX; i++) {
		(void)strcat(path, "/d");
		assert_int_equal(mkdirat(root, path + 1, 0755), 0);
	}
	(void)strcat(path, "/f");
	write_file(path + 1, "deep");
	is_read(path, "deep");
	path[strlen(path) - 1] = 'd';
	assert_int_equal(mkdirat(root, path + 1, 0755), 0);
	(void)strcat(path, "/f");
	write_file(path + 1, "too deep");
	assert_int_equal(refused(path), ERR_IO);
	assert_int_equal(errno, ENAMETOOLONG);
	buf_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_links_stay_within),
	    cmocka_unit_test(test_what_cannot_be_opened),
	    cmocka_unit_test(test_depth_and_size_are_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
