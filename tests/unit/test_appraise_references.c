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
	static const char *const paths[] = {"/app/bin", "/app/new-only"};
	struct bench *b = *state;

	use(b, "    files: {references: [new], missing: warning}\n");
	files_component(b, paths, 2, 'b');
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "files", "missing-file", "/app/conf"),
	    "expected by reference set new, found no such file");
	clear(b);
	files_component(b, NULL, 0, 'b');
	expect_verdict(b, REPORT_WARNING, 3);
	expect(b, "files", "missing-file", "/app/bin");
	expect(b, "files", "missing-file", "/app/new-only");
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

	use(b, "    files: {references: [old, new]}\n");
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
test_reference_expires(void **state)
{
	static const char *const old[] = {"/app/bin", "/app/conf", "/app/old-only"};
	struct bench *b = *state;

	use(b, "    files: {references: [old, new], unknown: warning, missing: warning}\n");
	b->in.received_s = UNTIL_S - 1;
	b->bundle.time_ms = (UNTIL_S - 1) * 1000;
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	clear(b);
	b->in.received_s = UNTIL_S;
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_WARNING, 4);
	assert_string_equal(expect(b, "files", "expired-reference", "/app/bin"),
	    "only in reference set old, whose time is over; found sha256 " HEX_A);
	expect(b, "files", "expired-reference", "/app/old-only");
	expect(b, "files", "missing-file", "/app/new-only");
	assert_int_equal(b->report.reference_count, 1);
	assert_true(component_verdict_valid_until_s(b->verdict[COMPONENT_FILES]) == UINT64_MAX);
}

/* Nothing that is measured, or not measured, is good by sets whose time is over. */
static void
test_rule_whose_references_have_all_expired(void **state)
{
	static const char *const old[] = {"/app/bin", "/app/conf", "/app/old-only"};
	struct bench *b = *state;

	b->in.received_s = UNTIL_S;
	b->bundle.time_ms = UNTIL_S * 1000;
	use(b, "    files: {references: [old], unknown: none, missing: warning}\n");
	files_component(b, NULL, 0, 'a');
	expect_verdict(b, REPORT_WARNING, 4);
	expect(b, "files", "expired-rule", "");
	assert_string_equal(expect(b, "files", "missing-file", "/app/bin"),
	    "expected by reference set old, whose time is over, found no such file");
	assert_int_equal(b->report.reference_count, 0);
	clear(b);
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_NONE, 4);
	expect(b, "files", "expired-rule", "");
	expect(b, "files", "expired-reference", "/app/bin");
	/* A process without libraries is all right only where a set counts. */
	use(b, "    libraries: {references: [old], unknown: warning}\n");
	begin(b, COMPONENT_LIBRARIES);
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 33);
	assert_string_equal(expect(b, "libraries", "expired-rule", ""),
	    "the time of every reference set of the rule is over: nothing was compared");
	use(b, "    libraries: {references: [old, other], unknown: warning}\n");
	begin(b, COMPONENT_LIBRARIES);
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

/* Beside a set that counts, one that nothing has replaced goes on demanding its paths. */
static void
test_deleting_files_is_never_better_than_before_until(void **state)
{
	static const char *const rest[] = {"/lib/c"};
	struct bench *b = *state;

	use(b, "    files: {references: [old, other], missing: warning}\n");
	for (uint64_t now_s = UNTIL_S - 1; now_s <= UNTIL_S; now_s++) {
		clear(b);
		b->in.received_s = now_s;
		b->bundle.time_ms = now_s * 1000;
		files_component(b, rest, 1, 'c');
		expect_verdict(b, REPORT_WARNING, 3);
		expect(b, "files", "missing-file", "/app/old-only");
		assert_null(find(b, "files", "expired-rule", ""));
	}
	/* What has been replaced may go: the new one is demanded. */
	use(b, "    files: {references: [old, new], missing: warning}\n");
	files_component(b, NULL, 0, 'b');
	expect_verdict(b, REPORT_WARNING, 3);
	expect(b, "files", "missing-file", "/app/new-only");
	assert_null(find(b, "files", "missing-file", "/app/old-only"));
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
	    WITH_BENCH(test_reference_expires),
	    WITH_BENCH(test_rule_whose_references_have_all_expired),
	    WITH_BENCH(test_deleting_files_is_never_better_than_before_until),
	    WITH_BENCH(test_verdict_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
