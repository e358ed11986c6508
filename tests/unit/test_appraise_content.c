/* Appraisal: what a set has under another path. */
#include "tests/unit/appraise_fixture.h"

#define RULE(kind) "    " kind ": {references: [app, other], by: content, symlinks: true}\n"

static bool
is_accepted(const struct bench *b, const char *code)
{
	for (size_t i = 0; i < b->report.accepted_count; i++)
		if (view_equal(b->report.accepted[i].code, view_of_string(code)))
			return true;
	return false;
}

static void
expect_accepted(const struct bench *b, size_t count, const char *code)
{
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.accepted_count, count);
	assert_true(is_accepted(b, code));
}

static void
test_known_content_under_another_path(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, RULE("executable"), "/opt/4.1/bin", 'a', 0, 0100755);
	expect_accepted(b, 1, "unknown-file");
	appraise_executable(
	    b, RULE("executable"), "/opt/4.1/bin", 'a', COMPONENT_FILE_OTHER, 0100755);
	expect_accepted(b, 1, "other-process");
	/* Where it stands, nothing is said. */
	appraise_executable(b, RULE("executable"), "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.accepted_count, 0);
	appraise_executable(b, RULE("executable"), "/opt/4.1/bin", 'd', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "unknown-file", "/opt/4.1/bin");
	appraise_executable(b, "    executable: {references: [app, other], by: path}\n",
	    "/opt/4.1/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* A file that was made like another one is not where that belongs. */
static void
test_a_known_path_has_its_own_content(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, RULE("executable"), "/app/bin", 'c', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "changed-file", "/app/bin");
}

static void
test_what_does_not_count_is_not_known(void **state)
{
	struct bench *b = *state;

	b->in.received_s = UNTIL_S;
	b->bundle.time_ms = UNTIL_S * 1000;
	fixture_write(&b->fixture, "new", 0644, HEX_B "  /app/bin\n" HEX_A "  /app/moved\n");
	appraise_executable(b, RULE("executable"), "/app/conf", 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "other-release", "/app/conf");
	appraise_executable(b, RULE("executable"), "/opt/bin", 'a', 0, 0100755);
	expect_accepted(b, 1, "unknown-file");
	fixture_write(&b->fixture, "new", 0644, HEX_B "  /app/bin\n");
	fixture_write(&b->fixture, "other", 0644, HEX_C "  /lib/c\n");
	appraise_executable(b, RULE("executable"), "/opt/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "unknown-file", "/opt/bin");
}

/* Nor does what a set gives to somebody else. */
static void
test_a_link_and_a_file_never_stand_for_each_other(void **state)
{
	struct bench *b = *state;

	fixture_write(&b->fixture, "other", 0644,
	    "file " HEX_C
	    " /lib/c uid=7\nlink c.1 /lib/d\nfile " HEX("ffffffff") " /lib/e mode=0755\n");
	appraise_executable(
	    b, RULE("executable"), "/opt/link", 'b', COMPONENT_FILE_SYMLINK, 0120777);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "unknown-file", "/opt/link");
	appraise_executable(b, RULE("executable"), "/opt/c", 'c', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "unknown-file", "/opt/c");
	appraise_executable(b, RULE("executable"), "/opt/e", 'f', 0, 0100755);
	expect_accepted(b, 1, "unknown-file");
	appraise_executable(b, RULE("executable"), "/opt/e", 'f', 0, 0100700);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* It is of a release under whatever name. */
static void
test_releases_by_content(void **state)
{
	struct bench *b = *state;

	use(b, RULE("executable") RULE("libraries") "    release: [app]\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/opt/bin", 'b');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_LIBRARIES);
	file(b, "/app/conf", 'a');
	end(b, COMPONENT_LIBRARIES);
	fixture_write(&b->fixture, "other", 0644, HEX_C "  /lib/c\n");
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "bundle", "mixed-release", "app"),
	    "executable of app@new, libraries of app@old");
}

/* Of what was being replaced, what was read is no content that it has. */
static void
test_unstable_content_of_files_is_not_known(void **state)
{
	struct bench *b = *state;

	use(b,
	    "    files: {references: [lone], by: content, unstable: warning, missing: warning}\n");
	begin(b, COMPONENT_FILES);
	file_full(b, "/srv/c", 'c', COMPONENT_FILE_CHANGED, 0100644);
	end(b, COMPONENT_FILES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 2);
	assert_int_equal(b->report.accepted_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_known_content_under_another_path),
	    WITH_BENCH(test_a_known_path_has_its_own_content),
	    WITH_BENCH(test_what_does_not_count_is_not_known),
	    WITH_BENCH(test_a_link_and_a_file_never_stand_for_each_other),
	    WITH_BENCH(test_releases_by_content),
	    WITH_BENCH(test_unstable_content_of_files_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
