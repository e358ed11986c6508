/* Reports: written as the vectors have them, and only those that may stand in a log. */
#include "tests/unit/report_fixture.h"

#include "proto/evidence/identity.h"

/* Written so, and again from what was read of it. */
static void
expect_bytes(const struct report *r, struct view expected)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct buf made = BUF_INIT, again = BUF_INIT;

	buf_append_string(&made, "before");
	assert_int_equal(report_write(r, &made), ERR_OK);
	buf_consume(&made, 6);
	assert_int_equal(made.size, expected.size);
	assert_memory_equal(made.data, expected.data, expected.size);
	for (unsigned turn = 0; turn < 2; turn++) {
		buf_clear(&again);
		assert_int_equal(report_parse(expected, &d), ERR_OK);
		assert_int_equal(report_write(&d.report, &again), ERR_OK);
		assert_true(view_equal(buf_view(&again), expected));
	}
	report_document_free(&d);
	report_document_free(&d);
	buf_free(&made);
	buf_free(&again);
}

static void
expect_vector(const struct report *r, const char *vector)
{
	struct buf expected = BUF_INIT;

	vector_file(vector, &expected);
	expect_bytes(r, buf_view(&expected));
	buf_free(&expected);
}

static void
the_deployed_vector_is_written_and_read(void **state)
{
	struct report r;

	(void)state;
	example(&r);
	expect_vector(&r, "report-deployed.json");
}

static void
the_draft_vector_is_written_and_read(void **state)
{
	struct buf signature = BUF_INIT;
	struct report r;

	(void)state;
	example_draft(&r, &signature);
	expect_vector(&r, "report-draft.json");
	buf_free(&signature);
}

static void
the_vector_with_a_challenge_is_written_and_read(void **state)
{
	struct buf extensions = BUF_INIT;
	struct report r;

	(void)state;
	example_challenge(&r, &extensions);
	expect_vector(&r, "report-challenge.json");
	buf_free(&extensions);
}

/* In the draft, eat_nonce stands in the submodule; and all there can be behind the bundle. */
static void
the_draft_with_a_nonce_comes_back(void **state)
{
	struct buf made = BUF_INIT, extensions = BUF_INIT;
	struct report r;

	(void)state;
	example(&r);
	r.profile = REPORT_PROFILE_DRAFT;
	assert_int_equal(report_write(&r, &made), ERR_OK);
	assert_non_null(memmem(made.data, made.size, "\"],\"eat_nonce\":\"AAEC", 20));
	expect_bytes(&r, buf_view(&made));
	buf_clear(&made);
	example_challenge(&r, &extensions);
	r.profile = REPORT_PROFILE_DRAFT;
	r.has_signature = true;
	r.signature = V("s");
	r.last_signed_s = r.issued_s;
	assert_int_equal(report_write(&r, &made), ERR_OK);
	assert_non_null(memmem(made.data, made.size, ",\"extensions\":{\"group\"", 22));
	expect_bytes(&r, buf_view(&made));
	buf_free(&made);
	buf_free(&extensions);
}

static void
a_parsed_report_has_the_values(void **state)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct buf text = BUF_INIT, signature = BUF_INIT;
	const struct report *r = &d.report;
	struct report expected;

	(void)state;
	example_draft(&expected, &signature);
	vector_file("report-draft.json", &text);
	assert_int_equal(report_parse(buf_view(&text), &d), ERR_OK);
	assert_int_equal(r->profile, REPORT_PROFILE_DRAFT);
	assert_int_equal(r->issued_s, 1795514461);
	assert_int_equal(r->status, REPORT_CONTRAINDICATED);
	assert_memory_equal(r->claim, expected.claim, sizeof(r->claim));
	assert_true(view_equal(r->collector, V("spiffe://example/collector/host-1")));
	assert_true(view_equal(r->bundle.workload, V("trading-app")));
	assert_int_equal(r->finding_count, 2);
	assert_true(view_equal(r->finding[0].subject, expected.finding[0].subject));
	assert_true(r->not_checked[COMPONENT_RUNTIME]);
	assert_false(r->not_checked[COMPONENT_FILES]);
	assert_true(r->bundle.offline);
	assert_int_equal(r->bundle.seq, 2);
	assert_memory_equal(
	    r->bundle.component, expected.bundle.component, sizeof(expected.bundle.component));
	assert_true(view_equal(r->signature, buf_view(&signature)));
	assert_true(digest_equal(&r->previous, &expected.previous));
	report_document_free(&d);
	buf_free(&text);
	buf_free(&signature);
}

static void
the_largest_report_passes(void **state)
{
	static uint8_t quotes[ENTRY_STRING_MAX], letters[ENTRY_STRING_MAX];
	static uint8_t codes[REPORT_ACCEPTED_MAX][REPORT_CODE_MAX];
	struct buf out = BUF_INIT;
	struct report r;

	(void)state;
	memset(quotes, '"', sizeof(quotes));
	memset(letters, 'a', sizeof(letters));
	example(&r);
	r.profile = REPORT_PROFILE_DRAFT;
	r.developer = r.build = r.policy_id = (struct view){quotes, ENTRY_STRING_MAX};
	r.collector = (struct view){letters, IDENTITY_SIZE_MAX};
	r.issuer = (struct view){letters, 200};
	r.issued_s = r.last_signed_s = 253402300798;
	r.expires_s = 253402300799;
	r.status = REPORT_CONTRAINDICATED;
	memset(r.claim, -128, sizeof(r.claim));
	r.reference_count = REPORT_REFERENCES_MAX;
	r.finding_count = REPORT_FINDINGS_MAX;
	r.finding_total = BUNDLE_SEQ_MAX;
	for (size_t i = 0; i < REPORT_FINDINGS_MAX; i++)
		r.finding[i] = (struct report_finding){V("executable"),
		    (struct view){letters, REPORT_CODE_MAX},
		    (struct view){quotes, REPORT_SUBJECT_MAX},
		    (struct view){quotes, REPORT_SUBJECT_MAX}};
	r.bundle.workload = (struct view){quotes, BUNDLE_WORKLOAD_MAX};
	r.bundle.seq = BUNDLE_SEQ_MAX;
	r.bundle.time_ms = BUNDLE_TIME_MS_MAX;
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		r.not_checked[k] = true;
		r.bundle.component[k] = (struct bundle_component){
		    .present = true, .count = COMPONENT_ITEMS_MAX, .size = COMPONENT_SIZE_MAX};
	}
	for (size_t i = 0; i < REPORT_ACCEPTED_MAX; i++) {
		memset(codes[i], 'a', REPORT_CODE_MAX);
		codes[i][0] = (uint8_t)('a' + i / 26);
		codes[i][1] = (uint8_t)('a' + i % 26);
		r.accepted[i] =
		    (struct report_accepted){V("executable"), {codes[i], REPORT_CODE_MAX}};
	}
	r.accepted_count = REPORT_ACCEPTED_MAX;
	for (size_t i = 0; i < REPORT_EXCEPTIONS_MAX; i++)
		r.exception[i] = (struct report_exception){V("executable"),
		    {quotes, REPORT_SUBJECT_MAX}, ENTRY_TIME_S_MAX, {quotes, REPORT_SUBJECT_MAX}};
	r.exception_count = REPORT_EXCEPTIONS_MAX;
	r.not_checked[COMPONENT_EXECUTABLE] = false;
	r.has_previous = r.has_signature = true;
	r.signature = (struct view){letters, REPORT_SIGNATURE_MAX};
	set_jti(&r);
	assert_int_equal(report_write(&r, &out), ERR_OK);
	assert_in_range(out.size, 20000, REPORT_SIZE_MAX);
	assert_int_equal(parse(buf_view(&out)), ERR_OK);
	buf_free(&out);
}

static void
an_empty_vector_is_left_out(void **state)
{
	struct buf out = BUF_INIT;
	struct report r;

	(void)state;
	example(&r);
	r.status = REPORT_NONE;
	memset(r.claim, 0, sizeof(r.claim));
	assert_int_equal(report_write(&r, &out), ERR_OK);
	assert_null(memmem(out.data, out.size, "vector", 6));
	assert_int_equal(parse(buf_view(&out)), ERR_OK);
	buf_free(&out);
}

/* One field of the example broken at a time; each must be refused and leave nothing behind. */
static void
refused(const struct report *r)
{
	struct buf out = BUF_INIT;

	buf_append_string(&out, "kept");
	assert_int_equal(report_check(r), ERR_FORMAT);
	assert_int_equal(report_write(r, &out), ERR_FORMAT);
	assert_int_equal(out.size, 4);
	buf_free(&out);
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		struct report r;                                                                   \
		example(&r);                                                                       \
		assert_int_equal(report_check(&r), ERR_OK);                                        \
		change;                                                                            \
		refused(&r);                                                                       \
	} while (0)

static void
the_writer_refuses_times_and_names(void **state)
{
	(void)state;
	REFUSED(r.profile = (enum report_profile)2);
	REFUSED(r.issued_s = 0);
	REFUSED(r.expires_s = r.issued_s);
	REFUSED(r.expires_s = 253402300800);
	REFUSED(r.issuer = V(""));
	REFUSED(r.issuer = V("two words"));
	REFUSED(r.collector = V(""));
	REFUSED(r.collector = V("a\nb"));
	REFUSED(r.collector = V("a b"));
	REFUSED(r.collector = V("HOST-1.example")); /* would be another chain than host-1 */
	REFUSED(r.collector = V("1:no-scheme"));
	REFUSED(r.collector = V("h\xc3\xb6st"));
	REFUSED(r.developer = V("\xff"));
	REFUSED(r.build = V("\xe2\x80\xae"));
	REFUSED(r.policy_id = V(""));
	REFUSED(r.policy_id = V("a\0b"));
}

static void
the_writer_refuses_a_verdict_that_is_too_good(void **state)
{
	(void)state;
	REFUSED(r.status = (enum report_status)3);
	REFUSED(r.claim[REPORT_HARDWARE] = 1);
	REFUSED(r.claim[REPORT_HARDWARE] = -1);
	REFUSED(r.claim[REPORT_HARDWARE] = 32);
	REFUSED(r.claim[REPORT_HARDWARE] = -33);
	REFUSED(r.claim[REPORT_SOURCED_DATA] = 96);
	REFUSED((r.claim[REPORT_HARDWARE] = 33, r.status = REPORT_NONE));
	REFUSED((r.claim[REPORT_HARDWARE] = 99, r.status = REPORT_WARNING));
	/* Whatever the vector says: nothing was found, and it is fresh. */
	REFUSED((r.finding_count = r.finding_total = 1,
	    r.finding[0] = (struct report_finding){V("files"), V("a"), V(""), V("")}));
	REFUSED(r.bundle.offline = true);
}

static void
the_writer_refuses_findings_that_hide(void **state)
{
	(void)state;
	REFUSED((r.status = REPORT_WARNING, r.finding_total = 1));
	REFUSED((r.status = REPORT_WARNING, r.finding_count = 1));
	REFUSED((r.status = REPORT_WARNING, r.finding_count = REPORT_FINDINGS_MAX + 1,
	    r.finding_total = REPORT_FINDINGS_MAX + 1));
	REFUSED((r.status = REPORT_WARNING, r.finding_total = BUNDLE_SEQ_MAX + 1));
	REFUSED(r.reference_count = REPORT_REFERENCES_MAX + 1);
	REFUSED(r.not_checked[COMPONENT_PACKAGES] = true);
	REFUSED(r.accepted_count = REPORT_ACCEPTED_MAX + 1);
	REFUSED(r.exception_count = REPORT_EXCEPTIONS_MAX + 1);
}

static void
the_writer_refuses_bad_findings(void **state)
{
#define FINDING(kind, code, subject, detail)                                                       \
	REFUSED((r.status = REPORT_WARNING, r.finding_count = r.finding_total = 1,                 \
	    r.finding[0] = (struct report_finding){V(kind), V(code), V(subject), V(detail)}))
	char longer[REPORT_SUBJECT_MAX + 2];

	(void)state;
	FINDING("Files", "a", "", "");
	FINDING("", "a", "", "");
	FINDING("files", "", "", "");
	FINDING("files", "Unknown", "", "");
	FINDING("files", "a b", "", "");
	FINDING("files", "a", "\n", "");
	FINDING("files", "a", "", "\xff");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	REFUSED((r.status = REPORT_WARNING, r.finding_count = r.finding_total = 1,
	    r.finding[0] =
		(struct report_finding){V("files"), V("a"), view_of_string(longer), V("")}));
}

static void
the_writer_refuses_bad_evidence(void **state)
{
	(void)state;
	REFUSED(r.bundle.workload = V("a/b"));
	REFUSED(r.bundle.seq = 0);
	REFUSED(r.bundle.seq = BUNDLE_SEQ_MAX + 1);
	REFUSED(r.bundle.time_ms = BUNDLE_TIME_MS_MAX + 1);
	REFUSED(r.bundle.component[COMPONENT_FILES].size = 0);
	REFUSED(r.bundle.component[COMPONENT_FILES].count = COMPONENT_ITEMS_MAX + 1);
	REFUSED(memset(r.bundle.component, 0, sizeof(r.bundle.component)));
	REFUSED((r.has_signature = true, r.last_signed_s = r.issued_s));
	REFUSED((r.has_signature = true, r.signature = V("s"), r.last_signed_s = 0));
	REFUSED(r.last_signed_s = 253402300800);
	REFUSED(r.notice.index = BUNDLE_SEQ_MAX + 1);
	REFUSED(r.bundle.next_s = BUNDLE_NEXT_S_MAX + 1);
	REFUSED(r.extensions = V("{}"));
	REFUSED(r.extensions = V("{\"a\":1}}"));
}

static void
tiers_of_claims(void **state)
{
	static const struct {
		int value;
		enum report_status status;
	} rows[] = {
	    {-128, REPORT_CONTRAINDICATED},
	    {-97, REPORT_CONTRAINDICATED},
	    {-96, REPORT_WARNING},
	    {-33, REPORT_WARNING},
	    {-32, REPORT_AFFIRMING},
	    {-2, REPORT_AFFIRMING},
	    {-1, REPORT_NONE},
	    {0, REPORT_NONE},
	    {1, REPORT_NONE},
	    {2, REPORT_AFFIRMING},
	    {31, REPORT_AFFIRMING},
	    {32, REPORT_WARNING},
	    {95, REPORT_WARNING},
	    {96, REPORT_CONTRAINDICATED},
	    {127, REPORT_CONTRAINDICATED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(report_claim_status(rows[i].value), rows[i].status);
	assert_true(report_status_rank(REPORT_AFFIRMING) < report_status_rank(REPORT_NONE));
	assert_true(report_status_rank(REPORT_NONE) < report_status_rank(REPORT_WARNING));
	assert_true(
	    report_status_rank(REPORT_WARNING) < report_status_rank(REPORT_CONTRAINDICATED));
	assert_string_equal(report_status_name(REPORT_NONE), "none");
	assert_string_equal(report_claim_name(REPORT_SOURCED_DATA), "sourced-data");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_deployed_vector_is_written_and_read),
	    cmocka_unit_test(the_draft_vector_is_written_and_read),
	    cmocka_unit_test(the_vector_with_a_challenge_is_written_and_read),
	    cmocka_unit_test(the_draft_with_a_nonce_comes_back),
	    cmocka_unit_test(a_parsed_report_has_the_values),
	    cmocka_unit_test(the_largest_report_passes),
	    cmocka_unit_test(an_empty_vector_is_left_out),
	    cmocka_unit_test(the_writer_refuses_times_and_names),
	    cmocka_unit_test(the_writer_refuses_a_verdict_that_is_too_good),
	    cmocka_unit_test(the_writer_refuses_findings_that_hide),
	    cmocka_unit_test(the_writer_refuses_bad_findings),
	    cmocka_unit_test(the_writer_refuses_bad_evidence),
	    cmocka_unit_test(tiers_of_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
