/* Pages of a mapped file that were written to, found and compared, in this very process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/memory/code.h"
#include "collector/memory/pages.h"

#define PAGES 8

static char name[] = "/tmp/hallmark-code-XXXXXX";
static int file, self;
static size_t page_size;
static uint8_t *memory;
static struct maps_entry mapping;

/* What was told, as "START+PAGES:STATE" or "START+PAGES", in pages. */
static struct buf told;

static int
map_file(void **state)
{
	(void)state;
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if ((file = mkstemp(name)) < 0 || unlink(name) != 0 ||
	    ftruncate(file, (off_t)(PAGES * page_size)) != 0)
		return -1;
	memory = mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	self = open("/proc/self", O_PATH | O_DIRECTORY);
	mapping = (struct maps_entry){
	    .start = (uintptr_t)memory, .end = (uintptr_t)memory + PAGES * page_size, .inode = 1};
	return memory != MAP_FAILED && self >= 0 ? 0 : -1;
}

static int
unmap_file(void **state)
{
	(void)state;
	buf_free(&told);
	return munmap(memory, PAGES * page_size) == 0 && close(file) == 0 && close(self) == 0 ? 0
											      : -1;
}

static enum err
note_run(void *context, uint64_t start, uint64_t end, bool is_exact)
{
	(void)context;
	assert_true(is_exact);
	buf_append_format(&told, "%zu+%zu ", (size_t)(start - mapping.start) / page_size,
	    (size_t)(end - start) / page_size);
	return buf_status(&told);
}

static enum err
note_range(void *context, const struct code_range *range)
{
	(void)context;
	buf_append_format(&told, "%zu+%zu:%d ", (size_t)range->offset / page_size,
	    (size_t)range->size / page_size, (int)range->state);
	return buf_status(&told);
}

static void
expect(const char *text)
{
	assert_int_equal(told.size, strlen(text));
	if (told.size > 0)
		assert_memory_equal(told.data, text, told.size);
	buf_clear(&told);
}

static void
find(const char *runs)
{
	struct pages pages;

	assert_int_equal(pages_open(self, &pages), ERR_OK);
	assert_int_equal(pages_each(&pages, &mapping, note_run, NULL), ERR_OK);
	pages_close(&pages);
	expect(runs);
}

static void
compare(const struct code_source *source, bool is_exact, const char *ranges)
{
	struct code code;

	assert_int_equal(code_open(self, &code), ERR_OK);
	assert_int_equal(code_compare(&code, &mapping, source, mapping.start, mapping.end, is_exact,
			     note_range, NULL),
	    ERR_OK);
	code_close(&code);
	expect(ranges);
}

static void
test_pages_that_are_not_the_files(void **state)
{
	volatile uint8_t *read = memory;

	(void)state;
	for (size_t i = 0; i < PAGES; i++)
		(void)read[i * page_size];
	find("");
	memory[page_size] = memory[2 * page_size] = 1;
	memory[7 * page_size] = 0; /* as the file has it */
	find("1+2 7+1 ");
}

static void
test_how_they_differ(void **state)
{
	const struct code_source source = {.fd = file};

	(void)state;
	memory[3 * page_size + 5] = 0xcc;
	memory[4 * page_size] = 0xcc;
	memory[4 * page_size + 1] = 0xcd;
#if defined(__x86_64__) || defined(__i386__)
	compare(&source, false, "1+2:1 3+1:2 4+1:1 ");
	compare(&source, true, "0+1:3 1+2:1 3+1:2 4+1:1 5+3:3 ");
#else
	compare(&source, false, "1+4:1 ");
#endif
}

/* Behind the end of the file there is nothing, as in memory. */
static void
test_a_shorter_source(void **state)
{
	static const uint8_t zero[100] = {0};
	const struct code_source source = {-1, {zero, sizeof(zero)}};
	const struct code_source none = {-1, {NULL, 0}};

	(void)state;
	memory[3 * page_size + 5] = memory[4 * page_size] = memory[4 * page_size + 1] = 0;
	compare(&source, false, "1+2:1 ");
	compare(&none, false, "0+8:0 ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pages_that_are_not_the_files),
	    cmocka_unit_test(test_how_they_differ),
	    cmocka_unit_test(test_a_shorter_source),
	};

	return cmocka_run_group_tests(tests, map_file, unmap_file);
}
