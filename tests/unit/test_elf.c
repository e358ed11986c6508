/* What is read of programs that are not running: of real ones, and of what says anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/loading/elf.h"
#include "collector/loading/loader_cache.h"

/* A library that needs two, with a place to look for them. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr headers[3];
	Elf64_Dyn dynamic[6];
	char strings[64];
	char interpreter[16];
};

#define AT(member) offsetof(struct image, member)

static const struct image good = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	.e_machine = EM_X86_64,
	.e_phoff = AT(headers),
	.e_phentsize = sizeof(Elf64_Phdr),
	.e_phnum = 3},
    .headers = {{.p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = sizeof(struct image)},
	{.p_type = PT_DYNAMIC, .p_offset = AT(dynamic), .p_filesz = 6 * sizeof(Elf64_Dyn)},
	{.p_type = PT_INTERP, .p_offset = AT(interpreter), .p_filesz = 16}},
    .dynamic = {{DT_NEEDED, {1}}, {DT_NEEDED, {9}}, {DT_RUNPATH, {17}}, {DT_RPATH, {30}},
	{DT_STRTAB, {0x10000 + AT(strings)}}, {DT_NULL, {0}}},
    .strings = "\0libc.so\0libm.so\0$ORIGIN/../x\0/opt",
    .interpreter = "/lib/ld.so",
};

static enum err
read_image(const void *bytes, size_t size, struct elf *out)
{
	const int fd = memfd_create("image", MFD_CLOEXEC);
	enum err e;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	e = elf_read(fd, out);
	assert_int_equal(close(fd), 0);
	return e;
}

static void
expect(const struct image *image, enum err expected)
{
	struct elf e;

	assert_int_equal(read_image(image, sizeof(*image), &e), expected);
	elf_free(&e);
}

static void
what_it_names_is_read(void **state)
{
	struct elf e;

	(void)state;
	assert_int_equal(read_image(&good, sizeof(good), &e), ERR_OK);
	assert_int_equal(e.machine, EM_X86_64);
	assert_int_equal(e.needed_count, 2);
	assert_string_equal(e.needed[0], "libc.so");
	assert_string_equal(e.needed[1], "libm.so");
	assert_string_equal(e.runpath, "$ORIGIN/../x");
	assert_string_equal(e.rpath, "/opt");
	assert_string_equal(e.interpreter, "/lib/ld.so");
	elf_free(&e);
	assert_null(e.needed);
}

static void
what_cannot_be_is_refused(void **state)
{
	struct image image = good;

	(void)state;
	image.header.e_ident[0] = 'x';
	expect(&image, ERR_FORMAT);
	image = good;
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	expect(&image, ERR_UNSUPPORTED);
	image = good;
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	expect(&image, ERR_UNSUPPORTED);
	image = good;
	image.header.e_phnum = UINT16_MAX;
	expect(&image, ERR_FORMAT);
	image = good;
	image.header.e_phoff = UINT64_MAX;
	expect(&image, ERR_FORMAT);
	image = good;
	image.headers[1].p_filesz = UINT64_MAX;
	expect(&image, ERR_FORMAT);
	image = good;
	image.headers[2].p_type = PT_DYNAMIC; /* a second one */
	expect(&image, ERR_FORMAT);
	image = good;
	image.headers[2].p_filesz = 4; /* without its NUL */
	expect(&image, ERR_FORMAT);
	image = good;
	image.dynamic[4].d_tag = DT_NULL; /* no strings */
	expect(&image, ERR_FORMAT);
	image = good;
	image.dynamic[0].d_un.d_val = UINT64_MAX;
	expect(&image, ERR_FORMAT);
}

/* Whatever byte is another one, and wherever it is cut: an answer, and no more memory than it says.
 */
static void
any_other_bytes_have_an_answer(void **state)
{
	struct elf e;

	(void)state;
	for (size_t i = 0; i < sizeof(good); i++)
		for (unsigned bit = 0; bit < 8; bit += 3) {
			struct image image = good;

			((uint8_t *)&image)[i] ^= (uint8_t)(1U << bit);
			(void)read_image(&image, sizeof(image), &e);
			assert_true(e.needed_count <= ELF_NEEDED_MAX);
			elf_free(&e);
		}
	for (size_t size = 0; size < sizeof(good); size += 7) {
		(void)read_image(&good, size, &e);
		elf_free(&e);
	}
}

static void
this_program_needs_libraries(void **state)
{
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf e;

	(void)state;
	assert_int_equal(elf_read(fd, &e), ERR_OK);
	assert_true(e.needed_count > 0);
	assert_non_null(e.interpreter);
	elf_free(&e);
	assert_int_equal(close(fd), 0);
}

/* The header has 48 bytes, an entry 24; texts count from the header. */
static void
a_cache_is_looked_through(void **state)
{
	static const char texts[] = "libc.so\0/lib/libc.so\0/hw/libc.so";
	uint8_t bytes[48 + 2 * 24 + sizeof(texts)] = "glibc-ld.so.cache1.1";
	const uint32_t count = 2, key = 48 + 48, first = 48 + 48 + 8, second = 48 + 48 + 21;
	const struct view cache = {bytes, sizeof(bytes)};
	size_t place = 0;

	(void)state;
	memcpy(bytes + 20, &count, 4);
	memcpy(bytes + 48 + 4, &key, 4);
	memcpy(bytes + 48 + 8, &first, 4);
	memcpy(bytes + 72 + 4, &key, 4);
	memcpy(bytes + 72 + 8, &second, 4);
	memcpy(bytes + 96, texts, sizeof(texts));
	assert_string_equal(loader_cache_next(cache, "libc.so", &place), "/lib/libc.so");
	assert_string_equal(loader_cache_next(cache, "libc.so", &place), "/hw/libc.so");
	assert_null(loader_cache_next(cache, "libc.so", &place));
	place = 0;
	assert_null(loader_cache_next(cache, "libm.so", &place));
	for (size_t size = 0; size < sizeof(bytes); size++) {
		uint8_t *copy = malloc(size + 1); /* exactly as long, for a sanitizer */
		const char *found;

		memcpy(copy, bytes, size);
		place = 0;
		found = loader_cache_next((struct view){copy, size}, "libc.so", &place);
		assert_true(found == NULL || strlen(found) > 0);
		free(copy);
	}
	memset(bytes + 20, 0xff, 4);
	place = 0;
	assert_null(loader_cache_next(cache, "libc.so", &place));
	memcpy(bytes + 20, &count, 4);
	memset(bytes + 48 + 8, 0xff, 4);
	memset(bytes + 72 + 4, 0xff, 4);
	assert_null(loader_cache_next(cache, "libc.so", &place));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_names_is_read),
	    cmocka_unit_test(what_cannot_be_is_refused),
	    cmocka_unit_test(any_other_bytes_have_an_answer),
	    cmocka_unit_test(this_program_needs_libraries),
	    cmocka_unit_test(a_cache_is_looked_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
