/* Appraisal: what belongs together is of one release, over all components. */
#include "tests/unit/appraise_fixture.h"

#define TWO "    executable: {references: [app]}\n    libraries: {references: [app, other]}\n"
#define ALL TWO "    files: {references: [app]}\n"
#define ONE "    release: [app]\n"

struct item {
	const char *path;
	char digit;
};

static void
component(struct bench *b, enum component_kind kind, const struct item *items, size_t count)
{
	begin(b, kind);
	for (size_t i = 0; i < count; i++)
		file(b, items[i].path, items[i].digit);
	end(b, kind);
}

/* A program of one digit, and a library of the other. */
static void
program_and_library(struct bench *b, const char *rules, char program, char library)
{
	const struct item executable[] = {{"/app/bin", program}};
	const struct item libraries[] = {{"/app/conf", library}, {"/lib/c", 'c'}};

	use(b, rules);
	component(b, COMPONENT_EXECUTABLE, executable, 1);
	component(b, COMPONENT_LIBRARIES, libraries, 2);
	conclude(b);
}

static void
test_an_old_library_under_a_new_program(void **state)
{
	struct bench *b = *state;

	program_and_library(b, TWO, 'b', 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	program_and_library(b, TWO ONE, 'a', 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	program_and_library(b, TWO ONE, 'b', 'b');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	program_and_library(b, TWO ONE, 'b', 'a');
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "bundle", "mixed-release", "app"),
	    "executable of app@new, libraries of app@old");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	program_and_library(b, TWO ONE "    mixed_release: warning\n", 'b', 'a');
	expect_verdict(b, REPORT_WARNING, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 33);
}

/* The component itself tells which file it is; nothing is told twice. */
static void
test_a_component_of_two_releases(void **state)
{
	static const struct item mixed[] = {{"/app/bin", 'a'}, {"/app/conf", 'b'}, {"/lib/c", 'c'}};
	static const struct item executable[] = {{"/app/bin", 'b'}};
	struct bench *b = *state;

	use(b, TWO ONE);
	component(b, COMPONENT_EXECUTABLE, executable, 1);
	component(b, COMPONENT_LIBRARIES, mixed, 3);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "libraries", "mixed-release", "/app/conf"),
	    "of app@new, and what comes before it of app@old");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	/* Nor does what it lacks say anything then. */
	use(b, "    executable: {references: [app]}\n    files: {references: [app, other]}\n" ONE);
	component(b, COMPONENT_EXECUTABLE, executable, 1);
	component(b, COMPONENT_FILES,
	    (const struct item[]){
		{"/app/bin", 'b'}, {"/app/conf", 'a'}, {"/app/old-only", 'a'}, {"/lib/c", 'c'}},
	    4);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "mixed-release", "/app/conf");
	use(b, TWO);
	component(b, COMPONENT_LIBRARIES, mixed, 3);
	conclude(b);
	assert_null(find(b, "libraries", "mixed-release", "/app/conf"));
}

/* Only what counts can be mixed: the rest is of a release that does not. */
static void
test_behind_the_window_nothing_is_mixed(void **state)
{
	static const struct item executable[] = {{"/app/bin", 'b'}};
	static const struct item libraries[] = {{"/app/conf", 'a'}};
	struct bench *b = *state;

	use(b, TWO ONE);
	b->in.received_s = UNTIL_S;
	b->bundle.time_ms = UNTIL_S * 1000;
	component(b, COMPONENT_EXECUTABLE, executable, 1);
	component(b, COMPONENT_LIBRARIES, libraries, 1);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "libraries", "other-release", "/app/conf");
}

/* Files that both releases have say nothing; those that lack do. */
static void
test_missing_files_tell_the_release(void **state)
{
	static const struct item executable[] = {{"/app/bin", 'b'}};
	static const struct item old[] = {
	    {"/app/bin", 'a'}, {"/app/conf", 'a'}, {"/app/old-only", 'a'}};
	struct bench *b = *state;

	use(b, ALL ONE);
	component(b, COMPONENT_EXECUTABLE, executable, 1);
	component(b, COMPONENT_FILES, old, 3);
	conclude(b);
	assert_string_equal(
	    expect(b, "bundle", "mixed-release", "app"), "executable of app@new, files of app@old");
	assert_int_equal(b->report.claim[REPORT_FILE_SYSTEM], 96);
	/* The new release has the same files, and one more, which is not there. */
	fixture_write(&b->fixture, "old", 0644, HEX_A "  /app/all\n" HEX_A "  /app/bin\n");
	fixture_write(&b->fixture, "new", 0644,
	    HEX_A "  /app/all\n" HEX_A "  /app/bin\n" HEX_A "  /app/old-only\n" HEX_B
		  "  /app/prog\n");
	use(b, "    executable: {references: [app]}\n    files: {references: [app]}\n" ONE);
	component(b, COMPONENT_EXECUTABLE, (const struct item[]){{"/app/prog", 'b'}}, 1);
	component(
	    b, COMPONENT_FILES, (const struct item[]){{"/app/all", 'a'}, {"/app/bin", 'a'}}, 2);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(
	    expect(b, "bundle", "mixed-release", "app"), "executable of app@new, files of app@old");
}

/* What can be of either is not the worse for it. */
static void
test_what_both_releases_have(void **state)
{
	struct bench *b = *state;

	fixture_write(&b->fixture, "old", 0644, HEX_A "  /app/bin\n" HEX_A "  /app/conf\n");
	fixture_write(&b->fixture, "new", 0644, HEX_A "  /app/bin\n" HEX_B "  /app/conf\n");
	program_and_library(b, TWO ONE, 'a', 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	program_and_library(b, TWO ONE, 'a', 'b');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	use(b, TWO "    files: {references: [app], missing: warning}\n" ONE);
	component(b, COMPONENT_EXECUTABLE, (const struct item[]){{"/app/conf", 'a'}}, 1);
	component(b, COMPONENT_LIBRARIES, (const struct item[]){{"/app/conf", 'b'}}, 1);
	component(b, COMPONENT_FILES, (const struct item[]){{"/app/bin", 'a'}}, 1);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "files", "missing-file", "/app/conf");
	assert_string_equal(expect(b, "bundle", "mixed-release", "app"),
	    "executable of app@old, libraries of app@new");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	assert_int_equal(b->report.claim[REPORT_FILE_SYSTEM], 32);
}

/* The same bytes, to be run as root in the old release and no more in the new one. */
static void
test_rights_that_an_old_release_gave(void **state)
{
	static const struct item program[] = {{"/app/bin", 'b'}};
	struct bench *b = *state;

	fixture_write(
	    &b->fixture, "old", 0644, HEX_A "  /app/bin\nfile " HEX_C " /app/lib mode=4755\n");
	fixture_write(
	    &b->fixture, "new", 0644, HEX_B "  /app/bin\nfile " HEX_C " /app/lib mode=0755\n");
	for (unsigned old = 0; old < 2; old++) {
		use(b, "    executable: {references: [app]}\n    libraries: {references: "
		       "[app]}\n" ONE);
		component(b, COMPONENT_EXECUTABLE, program, 1);
		begin(b, COMPONENT_LIBRARIES);
		file_full(b, "/app/lib", 'c', 0, old ? 0104755 : 0100755);
		end(b, COMPONENT_LIBRARIES);
		conclude(b);
		expect_verdict(b, old ? REPORT_CONTRAINDICATED : REPORT_AFFIRMING, old);
	}
	assert_string_equal(expect(b, "bundle", "mixed-release", "app"),
	    "executable of app@new, libraries of app@old");
}

/* What was patched in memory is listed with a release, and belongs to it. */
static void
test_an_old_patch_of_memory_under_a_new_release(void **state)
{
	static const uint32_t flags[] = {COMPONENT_FILE_MODIFIED, COMPONENT_FILE_RESTORED};
	static const struct item executable[] = {{"/app/bin", 'b'}};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		for (char patch = 'a'; patch <= 'b'; patch++) {
			use(b, TWO ONE);
			component(b, COMPONENT_EXECUTABLE, executable, 1);
			begin(b, COMPONENT_LIBRARIES);
			file_full(b, "/app/conf", patch, flags[i], 0);
			end(b, COMPONENT_LIBRARIES);
			conclude(b);
			expect_verdict(b, patch == 'b' ? REPORT_AFFIRMING : REPORT_CONTRAINDICATED,
			    patch == 'b' ? 0 : 1);
			if (patch == 'a')
				assert_string_equal(expect(b, "bundle", "mixed-release", "app"),
				    "executable of app@new, libraries of app@old");
			use(b, TWO ONE);
			component(b, COMPONENT_EXECUTABLE, executable, 1);
			begin(b, COMPONENT_LIBRARIES);
			file(b, "/app/bin", 'b');
			file_full(b, "/app/conf", patch, flags[i], 0);
			end(b, COMPONENT_LIBRARIES);
			conclude(b);
			if (patch == 'a')
				assert_string_equal(
				    expect(b, "libraries", "mixed-release", "/app/conf"),
				    "of app@old, and what comes before it of app@new");
			else
				expect_verdict(b, REPORT_AFFIRMING, 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_an_old_library_under_a_new_program),
	    WITH_BENCH(test_a_component_of_two_releases),
	    WITH_BENCH(test_behind_the_window_nothing_is_mixed),
	    WITH_BENCH(test_missing_files_tell_the_release),
	    WITH_BENCH(test_what_both_releases_have),
	    WITH_BENCH(test_rights_that_an_old_release_gave),
	    WITH_BENCH(test_an_old_patch_of_memory_under_a_new_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
