/* Appraisal: the verdict of a bundle, its order, its bytes and its age. */
#include "tests/unit/appraise_fixture.h"

static void
test_words_from_outside_are_escaped_and_cut(void **state)
{
	char path[600] = "/\n\x1b[2J\xe2\x80\xae", value[2000];
	struct bench *b = *state;
	const struct report_finding *f;

	memset(path + strlen(path), 'x', 500);
	appraise_executable(b, SIMPLE_RULES, path, 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	f = &b->report.finding[0];
	assert_int_equal(f->subject.size, REPORT_SUBJECT_MAX);
	assert_memory_equal(f->subject.data, "/\\x0a\\x1b[2J\\xe2\\x80\\xaex", 25);
	use(b, "    host: {facts: [{name: cmdline, allow: [a]}]}\n");
	memset(value, '\n', sizeof(value));
	value[sizeof(value) - 1] = 0;
	begin(b, COMPONENT_HOST);
	fact1(b, "cmdline", value);
	end(b, COMPONENT_HOST);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

static void
test_offline(void **state)
{
	struct bench *b = *state;

	b->bundle.offline = b->bundle.extensions.has_gap = true;
	b->bundle.extensions.bytes = VIEW_LITERAL("\x81\xa3gap\0");
	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "bundle", "offline-evidence", "");
	assert_int_equal(b->report.claim[REPORT_INSTANCE_IDENTITY], 2);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
}

static void
test_age(void **state)
{
	struct bench *b = *state;

	b->bundle.time_ms = (NOW - 300) * 1000;
	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->bundle.time_ms = (NOW - 301) * 1000;
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "stale-evidence", ""),
	    "expected at most 300 s between measurement and receipt, found 301 s");
	b->bundle.time_ms = (NOW + 100) * 1000; /* within the signer's clock skew */
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	appraise_executable(b, "    max_age_s: 1\n    executable: {references: [old]}\n",
	    "/app/bin", 'a', 0, 0100755);
	b->bundle.time_ms = (NOW - 2) * 1000;
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
}

static void
test_signature_every(void **state)
{
	static const char rules[] =
	    "    signature_every_s: 100\n    executable: {references: [old]}\n";
	struct bench *b = *state;

	appraise_executable(b, rules, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "unsigned-evidence", ""),
	    "expected a signature of the collector every 100 s, found none so far");
	b->in.last_signed_s = NOW - 100;
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->in.last_signed_s = NOW - 101;
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "unsigned-evidence", ""),
	    "expected a signature of the collector every 100 s, found the last 101 s ago");
	b->in.signed_now = true;
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

/* The cap keeps the worst, and the order is always the same. */
static void
test_worst_findings_come_first(void **state)
{
	struct bench *b = *state;
	char path[32];

	b->bundle.offline = b->bundle.extensions.has_gap = true;
	b->bundle.extensions.bytes = VIEW_LITERAL("\x81\xa3gap\0");
	use(b, "    executable: {references: [old]}\n"
	       "    libraries: {references: [other], unknown: warning}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'c');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_LIBRARIES);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/a%03u", i);
		file(b, path, 'a');
	}
	file(b, "/lib/c", 'b');
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 103);
	assert_int_equal(b->report.finding_count, REPORT_FINDINGS_MAX);
	assert_ptr_equal(&b->report.finding[0], find(b, "executable", "changed-file", "/app/bin"));
	assert_ptr_equal(&b->report.finding[1], find(b, "libraries", "changed-file", "/lib/c"));
	assert_ptr_equal(&b->report.finding[2], find(b, "bundle", "offline-evidence", ""));
	assert_ptr_equal(&b->report.finding[3], find(b, "libraries", "unknown-file", "/a000"));
	assert_ptr_equal(&b->report.finding[15], find(b, "libraries", "unknown-file", "/a012"));
}

static void
test_same_input_same_bytes(void **state)
{
	struct bench *b = *state;
	struct buf first = BUF_INIT, again = BUF_INIT;

	b->bundle.time_ms = (NOW - 1000) * 1000;
	appraise_executable(b, SIMPLE_RULES, "/x", 'c', COMPONENT_FILE_WRITABLE, 0100777);
	assert_int_equal(report_write(&b->report, &first), ERR_OK);
	conclude(b);
	assert_int_equal(report_write(&b->report, &again), ERR_OK);
	assert_true(view_equal(buf_view(&first), buf_view(&again)));
	buf_free(&first);
	buf_free(&again);
}

struct store {
	const struct policy *policy;
};

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	const struct policy *p = ((struct store *)context)->policy;

	for (size_t i = 0; i < policy_object_count(p); i++) {
		const struct policy_object *o = policy_object_at(p, i);

		if (o->kind != kind || !digest_equal(&o->digest, digest))
			continue;
		buf_append_view(to, o->content);
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

static void
test_replay_gives_the_same_bytes(void **state)
{
	struct bench *b = *state;
	struct buf first = BUF_INIT, again = BUF_INIT;
	struct policy *original, *replayed;
	struct store s;

	appraise_executable(b, "    executable: {references: [old, other]}\n", "/lib/c", 'b', 0, 0);
	assert_int_equal(report_write(&b->report, &first), ERR_OK);
	original = b->policy;
	s.policy = original;
	assert_int_equal(policy_from_manifest(policy_object_at(original, 0)->content, fetch, &s,
			     &b->fixture.faults, &replayed),
	    ERR_OK);
	b->policy = replayed;
	b->rule = policy_find(replayed, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	conclude(b);
	assert_int_equal(report_write(&b->report, &again), ERR_OK);
	assert_true(view_equal(buf_view(&first), buf_view(&again)));
	policy_free(&original);
	buf_free(&first);
	buf_free(&again);
}

static void
test_finding_table(void **state)
{
	(void)state;
	for (unsigned f = 0; f < FINDING_COUNT; f++) {
		const struct view code = finding_code((enum finding)f);

		assert_true(code.size > 0 && code.size <= REPORT_CODE_MAX);
		for (unsigned other = 0; other < f; other++)
			assert_false(view_equal(code, finding_code((enum finding)other)));
		assert_true(finding_sentence((enum finding)f).size <= REPORT_SUBJECT_MAX);
	}
}

/* 100,000 files against as many references; the bound is far off, and a quadratic walk fails it. */
static void
test_large_component(void **state)
{
	struct bench *b = *state;
	struct buf text = BUF_INIT;
	struct timespec before, after;
	char path[64];
	double ms;

	for (unsigned i = 0; i < 100000; i++)
		buf_append_format(&text, HEX_A "  /usr/lib/package/file-%06u\n", i);
	fixture_write_bytes(&b->fixture, "other", 0644, text.data, text.size);
	use(b, "    files: {references: [other, old], unknown: warning}\n");
	begin(b, COMPONENT_FILES);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(path, sizeof(path), "/usr/lib/package/file-%06u", i);
		file(b, path, i == 77777 ? 'b' : 'a');
	}
	end(b, COMPONENT_FILES);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	conclude(b);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
	     (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	print_message("100,000 files in %.1f ms\n", ms);
	expect_verdict(b, REPORT_CONTRAINDICATED, 4); /* and three of "old" are missing */
	expect(b, "files", "changed-file", "/usr/lib/package/file-077777");
	assert_true(ms < 5000);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_words_from_outside_are_escaped_and_cut),
	    WITH_BENCH(test_offline),
	    WITH_BENCH(test_age),
	    WITH_BENCH(test_signature_every),
	    WITH_BENCH(test_worst_findings_come_first),
	    WITH_BENCH(test_same_input_same_bytes),
	    WITH_BENCH(test_replay_gives_the_same_bytes),
	    WITH_BENCH(test_finding_table),
	    WITH_BENCH(test_large_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
