/* Which files a program would be loaded with, in a tree of our own: none that ld.so does not take
 * stands for one that it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/loading/loader.h"

/* A program that needs libx.so, and anything that it is loaded with. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr headers[3];
	Elf64_Dyn dynamic[4];
	char strings[32];
	char interpreter[16];
};

#define AT(member) offsetof(struct image, member)

static const struct image program = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	.e_machine = EM_X86_64,
	.e_phoff = AT(headers),
	.e_phentsize = sizeof(Elf64_Phdr),
	.e_phnum = 3},
    .headers = {{.p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = sizeof(struct image)},
	{.p_type = PT_DYNAMIC, .p_offset = AT(dynamic), .p_filesz = 4 * sizeof(Elf64_Dyn)},
	{.p_type = PT_INTERP, .p_offset = AT(interpreter), .p_filesz = 16}},
    .dynamic = {{DT_NEEDED, {1}}, {DT_STRTAB, {0x10000 + AT(strings)}}, {DT_NULL, {0}}},
    .strings = "\0libx.so\0/opt/rx",
    .interpreter = "/lib/ld.so",
};

static char tree[] = "/tmp/loader-XXXXXX";
static int root = -1;

/* The paths of what it is loaded with, below the tree, with a space behind each. */
struct seen {
	char text[4096];
};

static enum err
take(void *context, int fd, const char *path)
{
	struct seen *s = context;

	(void)fd;
	assert_memory_equal(path, tree, strlen(tree));
	(void)strcat(s->text, path + strlen(tree));
	(void)strcat(s->text, " ");
	return ERR_OK;
}

static void
put(const char *path, const struct image *image)
{
	char name[PATH_MAX];
	int fd;

	(void)snprintf(name, sizeof(name), "%s%s", tree, path);
	for (char *p = strchr(name + strlen(tree) + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		assert_true(mkdir(name, 0755) == 0 || errno == EEXIST);
		*p = '/';
	}
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, image, sizeof(*image)), sizeof(*image));
	assert_int_equal(close(fd), 0);
}

/* Anything that is loaded and needs nothing. */
static void
put_library(const char *path)
{
	struct image image = program;

	image.dynamic[0].d_tag = DT_NULL;
	put(path, &image);
}

static enum err
load(const struct image *image, const struct loader_environment *environment, struct seen *seen)
{
	struct trouble t = TROUBLE_INIT;
	enum err e;
	int fd;

	put("/bin/program", image);
	fd = openat(root, "bin/program", O_RDONLY | O_CLOEXEC);
	seen->text[0] = '\0';
	e = loader_each(root, fd, "/bin/program", environment, take, seen, &t);
	assert_int_equal(close(fd), 0);
	return e;
}

static void
expect(const struct loader_environment *environment, const char *files)
{
	struct seen seen;

	assert_int_equal(load(&program, environment, &seen), ERR_OK);
	assert_string_equal(seen.text, files);
}

static void
expect_unclear(const struct loader_environment *environment)
{
	struct seen seen;

	assert_int_equal(load(&program, environment, &seen), ERR_UNSUPPORTED);
}

#define BY(value) (&(const struct loader_environment){.library_path = (value)})

static void
what_is_first_in_the_path_is_taken(void **state)
{
	(void)state;
	expect(BY(NULL), "/lib/ld.so /lib/libx.so ");
	expect(BY(""), "/lib/ld.so /lib/libx.so ");
	expect(BY("/none:/a;/b"), "/lib/ld.so /a/libx.so ");
	expect(BY("$ORIGIN/../b"), "/lib/ld.so /b/libx.so ");
}

/* They are of the directory in which the program is begun. */
static void
a_directory_that_does_not_begin_at_the_root_is_not_passed_over(void **state)
{
	(void)state;
	expect_unclear(BY("b"));
	expect_unclear(BY("./b:/a"));
	expect_unclear(BY(":/a"));
	expect_unclear(BY("/none:"));
	expect_unclear(BY("/none;;/a"));
	expect_unclear(BY("$ORIGINAL/../a"));
	expect_unclear(BY("/$LIB"));
	expect(BY("/a:"), "/lib/ld.so /a/libx.so "); /* found before */
}

static void
what_is_there_for_some_processors_ends_no_search(void **state)
{
	(void)state;
	put_library("/some/glibc-hwcaps/x86-64-v4/libx.so");
	expect(BY("/some:/b"), "/lib/ld.so /some/glibc-hwcaps/x86-64-v4/libx.so /b/libx.so ");
	put_library("/before/tls/x86_64/libx.so");
	put_library("/before/libx.so");
	expect(BY("/before:/b"), "/lib/ld.so /before/tls/x86_64/libx.so /before/libx.so ");
}

static void
names_that_loaders_split_in_other_ways_are_unclear(void **state)
{
	struct loader_environment e = {.preload = "/a/libx.so:/b/libx.so"};

	(void)state;
	expect(&e, "/lib/ld.so /a/libx.so /b/libx.so /lib/libx.so ");
	e.preload = "/a/libx.so\t/b/libx.so"; /* one file, in the directory "libx.so<TAB>" */
	expect_unclear(&e);
	e.preload = "/a/$LIB/libx.so";
	expect_unclear(&e);
	put_library("/a/$LIB/libx.so");
	expect_unclear(&e);
}

static void
what_audits_is_loaded_too(void **state)
{
	const struct loader_environment e = {.audit = "/a/libx.so", .preload = "/b/libx.so"};

	(void)state;
	expect(&e, "/lib/ld.so /a/libx.so /b/libx.so /lib/libx.so ");
}

/* Whoever runs the program may open it. */
static void
what_may_not_be_opened_is_not_passed_over(void **state)
{
	struct seen seen;
	char loop[PATH_MAX];

	(void)state;
	(void)snprintf(loop, sizeof(loop), "%s/loop", tree);
	assert_int_equal(symlink("loop", loop), 0);
	assert_int_equal(load(&program, BY("/loop:/a"), &seen), ERR_IO);
}

static int
begin(void **state)
{
	(void)state;
	if (mkdtemp(tree) == NULL || (root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	put_library("/lib/ld.so");
	put_library("/lib/libx.so");
	put_library("/a/libx.so");
	put_library("/b/libx.so");
	return 0;
}

static int
drop(const char *path, const struct stat *s, int kind, struct FTW *walk)
{
	(void)s;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int
end(void **state)
{
	(void)state;
	(void)close(root);
	return nftw(tree, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_first_in_the_path_is_taken),
	    cmocka_unit_test(a_directory_that_does_not_begin_at_the_root_is_not_passed_over),
	    cmocka_unit_test(what_is_there_for_some_processors_ends_no_search),
	    cmocka_unit_test(names_that_loaders_split_in_other_ways_are_unclear),
	    cmocka_unit_test(what_audits_is_loaded_too),
	    cmocka_unit_test(what_may_not_be_opened_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
