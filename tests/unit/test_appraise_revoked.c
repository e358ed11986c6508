/* Appraisal: what operators have revoked counts no more, until its end. */
#include "tests/unit/appraise_fixture.h"
#include "tests/unit/standing_fixture.h"

#define FILES_RULE "    files: {references: [old], missing: none}\n"

static struct stand stand;
static struct standing *in_force;

static void
expect_detail(const char *detail, const char *before, const struct digest *name, const char *behind)
{
	char hex[DIGEST_HEX_SIZE + 1], expected[REPORT_SUBJECT_MAX + 1];

	digest_to_hex(name, hex);
	snprintf(expected, sizeof(expected), "%srevoked by statement %s%s", before, hex, behind);
	assert_string_equal(detail, expected);
}

/* In force until an hour after NOW: the statement's name. */
static struct digest
take_back(
    struct bench *b, const char *name, const char *value, const char *second, const char *more)
{
	struct statement said = stand_statement(&stand, "revoke", name, value, second, more);
	struct digest digest;

	if (in_force == NULL)
		in_force = stand_begin(&stand, &stand.one);
	said.not_after_s = NOW + 3600;
	assert_int_equal(stand_take(&stand, in_force, &said, &stand.ann, &digest), ERR_OK);
	b->in.amendments = standing_amendments(in_force);
	b->in.collector = VIEW_LITERAL("c");
	return digest;
}

static int
setup_revoked(void **state)
{
	stand_setup(&stand);
	in_force = NULL;
	return setup(state);
}

static int
teardown_revoked(void **state)
{
	standing_free(&in_force);
	stand_teardown(&stand);
	return teardown(state);
}

static void
measure_bin(struct bench *b, const char *rules, char digit, uint32_t flags)
{
	use(b, rules);
	begin(b, COMPONENT_EXECUTABLE);
	file_full(b, "/app/bin", digit, flags, 0100755);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
}

static void
test_a_collector(void **state)
{
	struct bench *b = *state;
	const struct digest by = take_back(b, "collectors", "c", NULL, NULL);

	measure_bin(b, SIMPLE_RULES, 'a', 0);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect_detail(expect(b, "bundle", "revoked", ""), "", &by, ": collectors c");
	assert_int_equal(b->report.claim[REPORT_INSTANCE_IDENTITY], 96);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
	b->in.received_s = NOW + 3600;
	b->bundle.time_ms = b->in.received_s * 1000;
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.claim[REPORT_INSTANCE_IDENTITY], 2);
}

static void
test_a_workload(void **state)
{
	struct bench *b = *state;
	const struct digest by = take_back(b, "workloads", "ap?", NULL, NULL);

	measure_bin(b, SIMPLE_RULES, 'a', 0);
	expect_detail(expect(b, "bundle", "revoked", ""), "", &by, ": workloads ap?");
	b->bundle.workload = VIEW_LITERAL("app/start");
	assert_non_null(
	    amendments_revoke_source(b->in.amendments, b->in.collector, b->bundle.workload, NOW));
	b->bundle.workload = VIEW_LITERAL("other/start");
	assert_null(
	    amendments_revoke_source(b->in.amendments, b->in.collector, b->bundle.workload, NOW));
}

/* Both have to match; and a pattern of collectors goes over no slash. */
static void
test_others(void **state)
{
	struct bench *b = *state;

	(void)take_back(b, "collectors", "c", "workloads", "other");
	(void)take_back(b, "collectors", "d", "workloads", "*");
	(void)take_back(b, "workloads", "apps", NULL, NULL);
	measure_bin(b, SIMPLE_RULES, 'a', 0);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->in.collector = VIEW_LITERAL("c/d");
	(void)take_back(b, "collectors", "c*d", NULL, NULL);
	b->in.collector = VIEW_LITERAL("c/d");
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	const struct digest by = take_back(b, "collectors", "c", "workloads", "app");
	conclude(b);
	expect_detail(expect(b, "bundle", "revoked", ""), "", &by, ": collectors c, workloads app");
}

/* A content that the policy lists, one in memory, one that no rule looks at. */
static void
test_a_digest(void **state)
{
	struct bench *b = *state;
	const struct digest by = take_back(b, "digest", HEX_A, NULL, NULL);

	measure_bin(b, SIMPLE_RULES, 'a', 0);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect_detail(
	    expect(b, "executable", "revoked", "/app/bin"), "", &by, "; found sha256 " HEX_A);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	measure_bin(b, SIMPLE_RULES, 'a', COMPONENT_FILE_MODIFIED);
	expect(b, "executable", "revoked", "/app/bin");
	measure_bin(b, SIMPLE_RULES, 'b', 0);
	assert_null(find(b, "executable", "revoked", "/app/bin"));
	assert_int_equal(
	    component_verdict_valid_until_s(b->verdict[COMPONENT_EXECUTABLE]), NOW + 3600);
	measure_bin(b,
	    "    recorded: [executable]\n    files: {references: [old]}\n"
	    "    require: []\n",
	    'a', 0);
	expect(b, "executable", "revoked", "/app/bin");
	assert_true(b->report.not_checked[COMPONENT_EXECUTABLE]);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	assert_int_equal(b->report.status, REPORT_CONTRAINDICATED);
}

static void
test_a_set(void **state)
{
	static const char content[] =
	    HEX_A "  /app/bin\n" HEX_A "  /app/conf\n" HEX_A "  /app/old-only\n";
	struct bench *b = *state;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest set, by;

	digest_of(content, sizeof(content) - 1, &set);
	digest_to_hex(&set, hex);
	by = take_back(b, "set", hex, NULL, NULL);
	use(b, FILES_RULE);
	begin(b, COMPONENT_FILES);
	file(b, "/app/bin", 'a');
	file(b, "/app/conf", 'b');
	end(b, COMPONENT_FILES);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect_detail(
	    expect(b, "files", "revoked", "/app/bin"), "of old, ", &by, "; found sha256 " HEX_A);
	expect(b, "files", "unknown-file", "/app/conf");
	assert_int_equal(b->report.reference_count, 0);
	b->in.received_s = NOW + 3600;
	b->bundle.time_ms = b->in.received_s * 1000;
	conclude(b);
	expect(b, "files", "changed-file", "/app/conf");
	assert_int_equal(b->report.reference_count, 1);
}

/* What another set knows, it knows. */
static void
test_a_set_among_others(void **state)
{
	static const char content[] = HEX_C "  /lib/c\n" HEX_A "  /lib/c\n";
	struct bench *b = *state;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest set;

	digest_of(content, sizeof(content) - 1, &set);
	digest_to_hex(&set, hex);
	(void)take_back(b, "set", hex, NULL, NULL);
	measure_bin(b, "    executable: {references: [old, other]}\n", 'a', 0);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.reference_count, 1);
}

/* Of a family whose every release is revoked nothing is of several releases. */
static void
test_a_family(void **state)
{
	static const char content[] =
	    HEX_B "  /app/bin\n" HEX_B "  /app/conf\n" HEX_B "  /app/new-only\n";
	struct bench *b = *state;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest set;

	digest_of(content, sizeof(content) - 1, &set);
	digest_to_hex(&set, hex);
	(void)take_back(b, "set", hex, NULL, NULL);
	measure_bin(b, "    release: [app]\n    executable: {references: [app]}\n", 'a', 0);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->in.received_s = UNTIL_S; /* the revocation is over, and the window too */
	measure_bin(b, "    release: [app]\n    executable: {references: [app]}\n", 'b', 0);
	assert_null(find(b, "executable", "revoked", "/app/bin"));
	b->in.received_s = NOW;
	measure_bin(b, "    release: [app]\n    executable: {references: [app]}\n", 'b', 0);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "revoked", "/app/bin");
}

static void
test_a_revoke_of_it(void **state)
{
	struct bench *b = *state;
	const struct digest by = take_back(b, "digest", HEX_A, NULL, NULL);
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&by, hex);
	(void)take_back(b, "statement", hex, NULL, NULL);
	assert_null(b->in.amendments);
	measure_bin(b, SIMPLE_RULES, 'a', 0);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

/* Of several about the same the first by its name is told, while it is in force. */
static void
test_two_of_one_digest(void **state)
{
	struct bench *b = *state;
	const struct digest one = take_back(b, "digest", HEX_A, NULL, NULL);
	const struct digest two = take_back(b, "digest", HEX_A, NULL, NULL);
	const struct digest first = digest_compare(&one, &two) < 0 ? one : two;
	const struct digest before = amendments_of_components(b->in.amendments);
	struct digest behind;

	measure_bin(b, SIMPLE_RULES, 'a', 0);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect_detail(
	    expect(b, "executable", "revoked", "/app/bin"), "", &first, "; found sha256 " HEX_A);
	(void)take_back(b, "collectors", "d", NULL, NULL);
	behind = amendments_of_components(b->in.amendments);
	assert_true(digest_equal(&before, &behind)); /* no component is judged otherwise for it */
	(void)take_back(b, "digest", HEX_B, NULL, NULL);
	behind = amendments_of_components(b->in.amendments);
	assert_false(digest_equal(&before, &behind));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_revoked, teardown_revoked)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_collector),
	    TEST(test_a_workload),
	    TEST(test_others),
	    TEST(test_a_digest),
	    TEST(test_a_set),
	    TEST(test_a_set_among_others),
	    TEST(test_a_family),
	    TEST(test_a_revoke_of_it),
	    TEST(test_two_of_one_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
