/* What a process has that was forked apart: its channel, what was named, and nothing else. */
#include "collector/processes/apart.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* How many descriptors above stderr are open in this process. */
static int
open_above(void)
{
	DIR *all = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(all);
	for (struct dirent *d; (d = readdir(all)) != NULL;)
		count += atoi(d->d_name) > STDERR_FILENO;
	(void)closedir(all);
	return count - 1; /* the directory's own */
}

/* What the child says of itself. */
struct told {
	int count;
	char kept, name[16];
};

static struct told
ask(int kept)
{
	struct trouble t = TROUBLE_INIT;
	struct told told = {0};
	bool is_child;
	int control;

	assert_int_equal(
	    apart_fork("the test's", "hallmark-apart", kept, &control, &is_child, &t), ERR_OK);
	if (is_child) {
		told.count = open_above();
		if (kept >= 0 && pread(kept, &told.kept, 1, 0) != 1)
			_exit(1);
		(void)prctl(PR_GET_NAME, told.name);
		_exit(write(control, &told, sizeof(told)) == (ssize_t)sizeof(told) ? 0 : 1);
	}
	assert_int_equal(read(control, &told, sizeof(told)), (ssize_t)sizeof(told));
	close(control);
	assert_true(wait(NULL) > 0);
	return told;
}

/* Below and above the channel's ends, which get the lowest numbers that are free. */
static void
nothing_else_goes_with_it(void **state)
{
	char name[] = "/tmp/hallmark-test-XXXXXX";
	const int low = mkstemp(name), high = fcntl(low, F_DUPFD, 100);
	const int before = open_above();
	struct told told;

	(void)state;
	assert_true(low > STDERR_FILENO && high >= 100);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(low, "k", 1), 1);
	told = ask(-1);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.name, "hallmark-apart");
	for (int i = 0; i < 2; i++) {
		told = ask(i == 0 ? low : high);
		assert_int_equal(told.count, 2);
		assert_int_equal(told.kept, 'k');
	}
	assert_int_equal(open_above(), before); /* nor does anything stay */
	close(low);
	close(high);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_else_goes_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
