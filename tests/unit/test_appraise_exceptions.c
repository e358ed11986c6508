/* Appraisal: files that are accepted until a time as if a set had them, which the report says. */
#include "tests/unit/appraise_fixture.h"

#define UNTIL_NOW_MORE         "2027-01-15T08:00:01Z"
#define X(path, hex, until)    "{path: " path ", sha256: " hex ", until: '" until "', why: CHG-4711}"
#define ONE_RULE(name, except) "    " name ": {references: [old], except: [" except "]}\n"

static void
expect_exception(
    const struct bench *b, size_t at, const char *kind, const char *subject, uint64_t until_s)
{
	const struct report_exception *x = &b->report.exception[at];

	assert_true(at < b->report.exception_count);
	assert_true(view_equal(x->kind, view_of_string(kind)));
	assert_true(view_equal(x->subject, view_of_string(subject)));
	assert_true(view_equal(x->why, VIEW_LITERAL("CHG-4711")));
	assert_int_equal(x->until_s, until_s);
}

static void
test_a_file_of_no_set(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, ONE_RULE("executable", X("/app/odd", HEX_C, UNTIL)), "/app/odd", 'c', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.exception_count, 1);
	expect_exception(b, 0, "executable", "/app/odd", UNTIL_S);
	assert_int_equal(b->report.accepted_count, 0);
}

/* It is of one path and one content, of one rule. */
static void
test_another_file(void **state)
{
	static const char rule[] = ONE_RULE("executable", X("/app/odd", HEX_C, UNTIL));
	struct bench *b = *state;

	appraise_executable(b, rule, "/app/odd", 'b', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "unknown-file", "/app/odd");
	appraise_executable(b, rule, "/app/odd2", 'c', 0, 0100755);
	expect(b, "executable", "unknown-file", "/app/odd2");
	appraise_executable(b, ONE_RULE("libraries", X("/app/odd", HEX_C, UNTIL)) SIMPLE_RULES,
	    "/app/odd", 'c', 0, 0100755);
	expect(b, "executable", "unknown-file", "/app/odd");
	assert_int_equal(b->report.exception_count, 0);
}

/* What a set has needs no exception, and says none. */
static void
test_a_file_that_a_set_has(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, ONE_RULE("executable", X("/app/bin", HEX_A, UNTIL)), "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.exception_count, 0);
}

/* Content that a set has otherwise, that only another process runs, in memory. */
static void
test_each_finding_of_content(void **state)
{
	static const char rule[] = ONE_RULE("executable", X("/app/bin", HEX_C, UNTIL));
	struct bench *b = *state;

	appraise_executable(b, rule, "/app/bin", 'c', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	expect_exception(b, 0, "executable", "/app/bin", UNTIL_S);
	appraise_executable(b, rule, "/app/bin", 'c', COMPONENT_FILE_OTHER, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.exception_count, 1);
	appraise_executable(b, rule, "/app/bin", 'c', COMPONENT_FILE_MODIFIED, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.exception_count, 1);
	assert_true(view_equal(b->report.accepted[0].code, VIEW_LITERAL("modified-code")));
	/* But no more than that. */
	appraise_executable(b, rule, "/app/bin", 'c', COMPONENT_FILE_DELETED, 0100757);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "executable", "deleted-file", "/app/bin");
	expect(b, "executable", "world-writable", "/app/bin");
	assert_int_equal(b->report.exception_count, 1);
	appraise_executable(b, rule, "/app/bin", 'c', 0, 0104755);
	expect(b, "executable", "setuid-file", "/app/bin");
}

/* A link is no file, whatever its digest is. */
static void
test_a_link(void **state)
{
	struct bench *b = *state;

	appraise_executable(b,
	    "    executable: {references: [old], symlinks: true, except: [" X(
		"/app/odd", HEX_C, UNTIL) "]}\n",
	    "/app/odd", 'c', COMPONENT_FILE_SYMLINK, 0120777);
	expect(b, "executable", "unknown-file", "/app/odd");
	assert_int_equal(b->report.exception_count, 0);
}

/* From its time on it is as if it were not there, and a judgement does not outlive it. */
static void
test_its_time(void **state)
{
	static const char rule[] = ONE_RULE(
	    "executable", X("/app/bin", HEX_C, UNTIL_NOW_MORE) ", " X("/app/odd", HEX_C, UNTIL));
	struct bench *b = *state;

	appraise_executable(b, rule, "/app/bin", 'c', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	expect_exception(b, 0, "executable", "/app/bin", NOW + 1);
	assert_int_equal(
	    component_verdict_valid_until_s(b->verdict[COMPONENT_EXECUTABLE]), NOW + 1);
	b->in.received_s = NOW + 1;
	conclude(b);
	assert_int_equal(b->report.exception_count, 0);
	expect(b, "executable", "changed-file", "/app/bin");
	assert_int_equal(
	    component_verdict_valid_until_s(b->verdict[COMPONENT_EXECUTABLE]), UNTIL_S);
}

/* A demanded file may be another for a time, and must be there. */
static void
test_a_demanded_file(void **state)
{
	static const char rule[] =
	    ONE_RULE("files", X("/app/conf", HEX_C, UNTIL) ", " X("/app/not-there", HEX_C, UNTIL));
	struct bench *b = *state;

	use(b, rule);
	begin(b, COMPONENT_FILES);
	file(b, "/app/bin", 'a');
	file(b, "/app/conf", 'c');
	file(b, "/app/old-only", 'a');
	end(b, COMPONENT_FILES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.exception_count, 1);
	expect_exception(b, 0, "files", "/app/conf", UNTIL_S);
	clear(b);
	begin(b, COMPONENT_FILES);
	file(b, "/app/bin", 'a');
	file(b, "/app/old-only", 'a');
	end(b, COMPONENT_FILES);
	conclude(b);
	expect(b, "files", "missing-file", "/app/conf");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* By kind, then as the policy has them. */
static void
test_their_order(void **state)
{
	struct bench *b = *state;

	use(b, ONE_RULE("libraries", X("/z", HEX_C, UNTIL) ", " X("/b", HEX_C, UNTIL))
		   ONE_RULE("executable", X("/x", HEX_C, UNTIL)));
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/x", 'c');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_LIBRARIES);
	file(b, "/b", 'c');
	file(b, "/z", 'c');
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.exception_count, 3);
	expect_exception(b, 0, "executable", "/x", UNTIL_S);
	expect_exception(b, 1, "libraries", "/z", UNTIL_S);
	expect_exception(b, 2, "libraries", "/b", UNTIL_S);
}

/* A file of which a set says whose it has to be; the exception is for its content alone. */
static void
test_rights_that_a_set_gives(void **state)
{
	struct bench *b = *state;

	fixture_write(&b->fixture, "other", 0644, "file " HEX_C " /app/odd mode=0555\n");
	appraise_executable(
	    b, "    executable: {references: [other]}\n", "/app/odd", 'c', 0, 0100755);
	expect(b, "executable", "other-rights", "/app/odd");
	appraise_executable(b,
	    "    executable: {references: [other], except: [" X("/app/odd", HEX_C, UNTIL) "]}\n",
	    "/app/odd", 'c', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	expect_exception(b, 0, "executable", "/app/odd", UNTIL_S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_a_file_of_no_set),
	    WITH_BENCH(test_another_file),
	    WITH_BENCH(test_a_file_that_a_set_has),
	    WITH_BENCH(test_each_finding_of_content),
	    WITH_BENCH(test_a_link),
	    WITH_BENCH(test_its_time),
	    WITH_BENCH(test_a_demanded_file),
	    WITH_BENCH(test_their_order),
	    WITH_BENCH(test_rights_that_a_set_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
