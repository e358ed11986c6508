/* Which receipts of a workload go when there is one more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/report/receipt.h"

#define WORKLOAD VIEW_LITERAL("app")
#define LOG      VIEW_LITERAL("hallmark.test/log0")

static char path[] = "/tmp/hallmark-prune-XXXXXX";
static int dir;

static void
name_of(uint64_t seq, const char *suffix, char name[RECEIPT_NAME_SIZE])
{
	receipt_name(WORKLOAD, LOG, seq, name);
	if (suffix != NULL)
		(void)strcpy(strrchr(name, '.'), suffix);
}

static void
put(uint64_t seq, const char *suffix)
{
	char name[RECEIPT_NAME_SIZE];
	int fd;

	name_of(seq, suffix, name);
	assert_true((fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0);
	(void)close(fd);
}

static bool
is_there(uint64_t seq, const char *suffix)
{
	char name[RECEIPT_NAME_SIZE];

	name_of(seq, suffix, name);
	return faccessat(dir, name, F_OK, 0) == 0;
}

static void
take_all(const uint64_t *list, size_t count)
{
	char name[RECEIPT_NAME_SIZE];

	for (size_t i = 0; i < count; i++) {
		name_of(list[i], NULL, name);
		assert_int_equal(unlinkat(dir, name, 0), 0);
	}
}

static void
down_to_the_first_that_is_not_there(void **state)
{
	static const uint64_t stay[] = {1, 5, 6};

	(void)state;
	for (uint64_t seq = 1; seq <= 6; seq++)
		if (seq != 2)
			put(seq, NULL);
	put(4, ".jwt");
	receipt_prune(dir, WORKLOAD, LOG, 6, 0);
	receipt_prune(dir, WORKLOAD, LOG, 6, 6);
	assert_true(is_there(1, NULL) && is_there(3, NULL));
	receipt_prune(dir, WORKLOAD, LOG, 6, 2);
	assert_false(is_there(3, NULL) || is_there(4, NULL) || is_there(4, ".jwt"));
	take_all(stay, 3);
}

static void
those_below_when_it_is_listed(void **state)
{
	static const uint64_t stay[] = {RECEIPT_LISTED_EACH, 9};

	(void)state;
	put(1, NULL);
	put(7, NULL);
	put(7, ".jwt");
	put(9, NULL);
	put(RECEIPT_LISTED_EACH, NULL);
	receipt_prune(dir, WORKLOAD, LOG, RECEIPT_LISTED_EACH - 1, 2);
	assert_true(is_there(1, NULL) && is_there(7, NULL));
	receipt_prune(dir, WORKLOAD, LOG, RECEIPT_LISTED_EACH, 2);
	assert_false(is_there(1, NULL) || is_there(7, NULL) || is_there(7, ".jwt"));
	take_all(stay, 2);
}

/* The log was set back, and goes on below what it gave before. */
static void
none_that_is_ahead(void **state)
{
	static const uint64_t stay[] = {RECEIPT_LISTED_EACH - 1, RECEIPT_LISTED_EACH,
	    RECEIPT_LISTED_EACH + 5, RECEIPT_LISTED_EACH + 6};

	(void)state;
	put(3, NULL);
	for (size_t i = 0; i < 4; i++)
		put(stay[i], NULL);
	receipt_prune(dir, WORKLOAD, LOG, RECEIPT_LISTED_EACH, 2);
	assert_false(is_there(3, NULL));
	take_all(stay, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(down_to_the_first_that_is_not_there),
	    cmocka_unit_test(those_below_when_it_is_listed),
	    cmocka_unit_test(none_that_is_ahead),
	};
	int failed;

	if (mkdtemp(path) == NULL || (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)close(dir);
	(void)rmdir(path);
	return failed;
}
