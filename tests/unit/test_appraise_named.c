/* Appraisal: the program and the libraries that a rule names. */
#include "tests/unit/appraise_fixture.h"

#define PROGRAM "    executable: {references: [old], path: /app/bin}\n"
#define MAPPED  "    libraries: {references: [old, other], demand: [/lib/c, /app/conf]}\n"

/* Another one that a set lists is as good as the right one in all else. */
static void
test_another_program_of_the_set(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, PROGRAM, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	appraise_executable(b, PROGRAM, "/app/conf", 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(
	    expect(b, "executable", "other-program", "/app/conf"), "expected /app/bin");
	appraise_executable(b,
	    "    executable: {references: [old], path: /app/bin, other_program: warning}\n",
	    "/app/conf", 'a', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 33);
}

static void
test_other_processes_may_run_other_programs(void **state)
{
	struct bench *b = *state;

	use(b, PROGRAM);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	file_full(b, "/app/conf", 'a', COMPONENT_FILE_OTHER, 0100755);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

/* Whoever says that the main process runs nothing is not believed, nor does code in memory do. */
static void
test_no_program_of_the_main_process(void **state)
{
	struct bench *b = *state;
	const char *words = "expected to be run by the main process, found no program of it";

	appraise_executable(b, PROGRAM, "/app/bin", 'a', COMPONENT_FILE_OTHER, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "executable", "other-program", "/app/bin"), words);
	appraise_executable(b, PROGRAM, "/app/bin", 'a', COMPONENT_FILE_MODIFIED, 0);
	assert_string_equal(expect(b, "executable", "other-program", "/app/bin"), words);
	use(b, PROGRAM);
	begin(b, COMPONENT_EXECUTABLE);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "executable", "empty-component", "");
	expect(b, "executable", "other-program", "/app/bin");
}

static void
libraries(struct bench *b, const char *path, uint32_t flags)
{
	clear(b);
	begin(b, COMPONENT_LIBRARIES);
	file(b, "/lib/c", 'c');
	if (path != NULL)
		file_full(b, path, 'a', flags, 0100644);
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
}

static void
test_libraries_that_have_to_be_mapped(void **state)
{
	struct bench *b = *state;

	use(b, MAPPED);
	libraries(b, "/app/conf", 0);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	libraries(b, NULL, 0);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "libraries", "missing-library", "/app/conf"),
	    "the policy demands this library, and no process has mapped it");
	/* Of another name, or something that only has it. */
	libraries(b, "/app/bin", 0);
	expect(b, "libraries", "missing-library", "/app/conf");
	libraries(b, "/app/conf", COMPONENT_FILE_MEMFD);
	expect(b, "libraries", "missing-library", "/app/conf");
	libraries(b, "/app/conf", COMPONENT_FILE_MODIFIED);
	expect(b, "libraries", "missing-library", "/app/conf");
	/* Deleted since, it is mapped all the same. */
	libraries(b, "/app/conf", COMPONENT_FILE_DELETED);
	assert_null(find(b, "libraries", "missing-library", "/app/conf"));
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use(b, "    libraries: {references: [other], demand: [/a, /b], missing: none}\n");
	libraries(b, NULL, 0);
	expect_verdict(b, REPORT_NONE, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_another_program_of_the_set),
	    WITH_BENCH(test_other_processes_may_run_other_programs),
	    WITH_BENCH(test_no_program_of_the_main_process),
	    WITH_BENCH(test_libraries_that_have_to_be_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
