/* Appraisal: what reference sets demand of files, and for how long. */
#include "tests/unit/appraise_fixture.h"

static void
files_component(struct bench *b, const char *const *paths, size_t count, char digit)
{
	begin(b, COMPONENT_FILES);
	for (size_t i = 0; i < count; i++)
		file(b, paths[i], digit);
	end(b, COMPONENT_FILES);
	conclude(b);
}

static void
test_missing_files(void **state)
{
	static const char *const paths[] = {"/app/bin", "/app/old-only"};
	struct bench *b = *state;

	use(b, "    files: {references: [old], missing: warning}\n");
	files_component(b, paths, 2, 'a');
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "files", "missing-file", "/app/conf"),
	    "expected by reference set old, found no such file");
	clear(b);
	files_component(b, NULL, 0, 'a');
	expect_verdict(b, REPORT_WARNING, 3);
	expect(b, "files", "missing-file", "/app/bin");
	expect(b, "files", "missing-file", "/app/old-only");
}

static void
test_missing_is_only_for_files(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, "    executable: {references: [old, other]}\n", "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

static void
test_path_of_two_references_is_missed_once(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other, lone]}\n");
	files_component(b, NULL, 0, 'a');
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "missing-file", "/lib/c");
}

static void
test_old_or_new_until(void **state)
{
	static const char *const old[] = {"/app/bin", "/app/conf", "/app/old-only"};
	static const char *const new[] = {"/app/bin", "/app/conf", "/app/new-only"};
	static const char *const both[] = {"/app/bin", "/app/conf"};
	struct bench *b = *state;

	use(b, "    files: {references: [app]}\n");
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.reference_count, 2);
	assert_true(component_verdict_valid_until_s(b->verdict[COMPONENT_FILES]) == UNTIL_S);
	clear(b);
	files_component(b, new, 3, 'b');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	/* Neither is whole: the newer one is demanded. */
	clear(b);
	files_component(b, both, 2, 'b');
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "missing-file", "/app/new-only");
}

static void
test_window_ends(void **state)
{
	static const char *const old[] = {"/app/bin", "/app/conf", "/app/old-only"};
	struct bench *b = *state;

	use(b, "    files: {references: [app], unknown: warning, missing: warning}\n");
	b->in.received_s = UNTIL_S - 1;
	b->bundle.time_ms = (UNTIL_S - 1) * 1000;
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	clear(b);
	b->in.received_s = UNTIL_S;
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_WARNING, 4);
	assert_string_equal(expect(b, "files", "other-release", "/app/bin"),
	    "of app@old, which does not count; found sha256 " HEX_A);
	expect(b, "files", "other-release", "/app/old-only");
	expect(b, "files", "missing-file", "/app/new-only");
	assert_int_equal(b->report.reference_count, 1);
	assert_true(component_verdict_valid_until_s(b->verdict[COMPONENT_FILES]) == UINT64_MAX);
}

/* Nothing looks better for being deleted: what counts is demanded at any time. */
static void
test_deleting_files_is_no_better_behind_a_window(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [app], missing: warning}\n");
	for (uint64_t now_s = UNTIL_S - 1; now_s <= UNTIL_S; now_s++) {
		clear(b);
		b->in.received_s = now_s;
		b->bundle.time_ms = now_s * 1000;
		files_component(b, NULL, 0, 'b');
		expect_verdict(b, REPORT_WARNING, 3);
		expect(b, "files", "missing-file", "/app/new-only");
	}
}

/* What is left says of which release it is: of that one all is demanded. */
static void
test_missing_is_of_the_release_that_is_there(void **state)
{
	static const char *const both[] = {"/app/bin", "/app/conf"};
	struct bench *b = *state;

	use(b, "    files: {references: [app]}\n");
	files_component(b, both, 2, 'a');
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "files", "missing-file", "/app/old-only"),
	    "expected by reference set app@old, found no such file");
}

static void
test_verdict_without_end(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, "    executable: {references: [other]}\n", "/lib/c", 'a', 0, 0100755);
	assert_true(
	    component_verdict_valid_until_s(b->verdict[COMPONENT_EXECUTABLE]) == UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_missing_files),
	    WITH_BENCH(test_missing_is_only_for_files),
	    WITH_BENCH(test_path_of_two_references_is_missed_once),
	    WITH_BENCH(test_old_or_new_until),
	    WITH_BENCH(test_window_ends),
	    WITH_BENCH(test_deleting_files_is_no_better_behind_a_window),
	    WITH_BENCH(test_missing_is_of_the_release_that_is_there),
	    WITH_BENCH(test_verdict_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
