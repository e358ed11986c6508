/* Which mappings have memory of their own, by the lines of /proc/PID/smaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/memory/smaps.h"

#define CODE    "7f0000001000-7f0000003000 r-xp 00000000 fe:00 7    /lib/a.so\n"
#define DATA    "7f0000003000-7f0000004000 rw-p 00002000 fe:00 7    /lib/a.so\n"
#define ADDRESS 0x7f0000001000

static bool
has_written(const char *const *lines, uint64_t start, uint64_t end)
{
	const struct maps_entry mapping = {.start = start, .end = end};
	struct smaps s = {.written = NULL};
	struct smaps_place at = {.noted = false};
	bool has;

	for (; *lines != NULL; lines++)
		assert_int_equal(smaps_take(&s, &at, view_of_string(*lines)), ERR_OK);
	has = smaps_has_written(&s, &mapping);
	assert_true(s.count <= 1);
	smaps_free(&s);
	return has;
}

static void
test_what_is_written(void **state)
{
	static const char *const clean[] = {CODE, "Rss:      8 kB\n", "Anonymous:      0 kB\n",
	    "Swap:      0 kB\n", DATA, "Anonymous:      4 kB\n", NULL};
	static const char *const present[] = {
	    CODE, "Anonymous:      4 kB\n", "Swap:      4 kB\n", DATA, NULL};
	static const char *const swapped[] = {
	    CODE, "Anonymous:      0 kB\n", "SwapPss:  0 kB\n", "Swap:      4 kB\n", NULL};

	(void)state;
	assert_false(has_written(clean, ADDRESS, ADDRESS + 0x2000));
	assert_true(has_written(present, ADDRESS, ADDRESS + 0x2000));
	assert_true(has_written(swapped, ADDRESS, ADDRESS + 0x2000));
}

/* A mapping that was divided since then is in what it was a part of. */
static void
test_parts_of_a_mapping(void **state)
{
	static const char *const written[] = {CODE, "Anonymous:      4 kB\n", NULL};

	(void)state;
	assert_true(has_written(written, ADDRESS + 0x1000, ADDRESS + 0x2000));
	assert_true(has_written(written, ADDRESS - 0x1000, ADDRESS + 0x1000));
	assert_false(has_written(written, ADDRESS + 0x2000, ADDRESS + 0x3000));
	assert_false(has_written(written, ADDRESS - 0x1000, ADDRESS));
}

static void
test_what_is_not_understood_is_not_zero(void **state)
{
	static const char *const odd[] = {CODE, "Anonymous:      0 MB\n", NULL};

	(void)state;
	assert_true(has_written(odd, ADDRESS, ADDRESS + 0x2000));
}

static void
test_a_process(void **state)
{
	struct maps_entry mapping = {0};
	struct smaps s = {.written = NULL};
	const int self = open("/proc/self", O_PATH | O_DIRECTORY);
	uint8_t *page =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(page != MAP_FAILED && self >= 0);
	mapping.start = (uintptr_t)page;
	mapping.end = mapping.start + 4096;
	*page = 1;
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
	assert_int_equal(smaps_list(self, &s), ERR_OK);
	assert_true(smaps_has_written(&s, &mapping));
	smaps_free(&s);
	assert_int_equal(munmap(page, 4096), 0);
	assert_int_equal(close(self), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_written),
	    cmocka_unit_test(test_parts_of_a_mapping),
	    cmocka_unit_test(test_what_is_not_understood_is_not_zero),
	    cmocka_unit_test(test_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
