/* What the key process says of a start, and of which reports it says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pkcs11/serve/summaries.h"
#include "proto/tlog/merkle.h"
#include "tests/lib/vectors.h"

#define V(s) VIEW_LITERAL(s)

#define ISSUED_S 1795514401 /* iat of the vector's report */

static const struct view collectors[] = {V("spiffe://other/*"), V("spiffe://example/collector/*")};
static const struct view workloads[] = {V("none"), V("trading-*")};

static const struct summary_profile profiles[] = {
    {V("starts"), V("https://attest.example"), V("https://example.com/workloads/"),
	V("https://example.com/policies/"), {collectors, workloads, 2, 2}},
    {V("another-collector"), V("https://a"), V("https://b/"), V("https://c/"),
	{collectors, workloads, 1, 2}},
    {V("another-workload"), V("https://a"), V("https://b/"), V("https://c/"),
	{collectors, workloads, 2, 1}},
};

static struct hsm_config config = {
    .origin = "hallmark.example/prod-1", .summaries = profiles, .summary_count = 3};

static enum err
derive(struct claims_source *source, struct buf *payload, struct buf *why)
{
	const struct summary_profile *profile = summaries_find(&config, source->profile);
	struct report_document document = REPORT_DOCUMENT_INIT;
	enum err e;

	assert_non_null(profile);
	merkle_leaf(source->report, &source->leaf);
	e = summaries_derive(&config, profile, source, &document, payload, why);
	report_document_free(&document);
	return e;
}

static void
the_summary_is_that_of_the_vectors(void **state)
{
	struct buf report = BUF_INIT, wanted = BUF_INIT, payload = BUF_INIT, why = BUF_INIT;
	struct claims_source source = {.profile = V("starts"), .index = 1, .now_s = ISSUED_S};

	(void)state;
	vector_file("report-start.json", &report);
	vector_file("summary-start.payload", &wanted);
	source.report = buf_view(&report);
	assert_int_equal(derive(&source, &payload, &why), ERR_OK);
	assert_true(view_equal(buf_view(&payload), buf_view(&wanted)));
	assert_int_equal(why.size, 0);
	/* It has no end, and is the same later. */
	buf_clear(&payload);
	source.now_s += 86400ULL * 365;
	assert_int_equal(derive(&source, &payload, &why), ERR_OK);
	assert_true(view_equal(buf_view(&payload), buf_view(&wanted)));
	buf_free(&report);
	buf_free(&wanted);
	buf_free(&payload);
	buf_free(&why);
}

static void
expect_refused(struct claims_source source, struct view report, const char *reason)
{
	struct buf payload = BUF_INIT, why = BUF_INIT;

	source.report = report;
	assert_int_equal(derive(&source, &payload, &why), ERR_TOKEN_PROFILE);
	assert_int_equal(payload.size, 0);
	buf_append_byte(&why, '\0');
	if (strstr((const char *)why.data, reason) == NULL)
		fail_msg("\"%s\" expected, found \"%s\"", reason, (const char *)why.data);
	buf_free(&payload);
	buf_free(&why);
}

static void
expect_vector_refused(const char *file, struct claims_source source, const char *reason)
{
	struct buf entry = BUF_INIT;

	vector_file(file, &entry);
	expect_refused(source, buf_view(&entry), reason);
	buf_free(&entry);
}

static const struct claims_source good = {.profile = V("starts"), .index = 1, .now_s = ISSUED_S};

static void
only_starts_get_a_summary(void **state)
{
	(void)state;
	expect_vector_refused("report-deployed.json", good, "found one of what runs");
	expect_vector_refused("report-challenge.json", good, "found one of what runs");
	expect_vector_refused("report-draft.json", good, "found a gap record");
	expect_vector_refused("absence.json", good, "found another kind of entry");
	expect_vector_refused("notice-start.json", good, "found another kind of entry");
	expect_vector_refused("notice-statement.json", good, "found another kind of entry");
	expect_vector_refused("summary-start.payload", good, "found another kind of entry");
	expect_refused(good, V(""), "found another kind of entry");
	expect_refused(good, V("{\"eat_profile\":\"tag:github.com,2023:veraison/ear\"}"),
	    "that this version reads");
}

static void
only_what_a_profile_covers_gets_one(void **state)
{
	struct claims_source asked = good;

	(void)state;
	asked.profile = V("another-collector");
	expect_vector_refused("report-start.json", asked, "does not cover the collector spiffe://");
	asked.profile = V("another-workload");
	expect_vector_refused(
	    "report-start.json", asked, "does not cover the workload trading-app");
	asked = good;
	asked.audience = V("https://vault.example");
	expect_vector_refused("report-start.json", asked, "no audience and no end");
	asked = good;
	asked.lifetime_s = 1;
	expect_vector_refused("report-start.json", asked, "no audience and no end");
	asked = good;
	asked.now_s = ISSUED_S - CLAIMS_AHEAD_S - 1;
	expect_vector_refused("report-start.json", asked, "found one 61 s ahead of it");
	config.origin = "hallmark.example/prod-2";
	expect_vector_refused(
	    "report-start.json", good, "expected a report of hallmark.example/prod-2");
	config.origin = "hallmark.example/prod-1";
}

/* Whatever else it is called, it is not found. */
static void
profiles_are_found_by_their_whole_name(void **state)
{
	(void)state;
	assert_ptr_equal(summaries_find(&config, V("starts")), &profiles[0]);
	assert_null(summaries_find(&config, V("start")));
	assert_null(summaries_find(&config, V("starts2")));
	assert_null(summaries_find(&config, V("")));
}

static void
changed(const char *from, const char *to, const char *expected)
{
	struct buf report = BUF_INIT, payload = BUF_INIT, why = BUF_INIT;
	struct claims_source source = good;

	vector_changed("report-start.json", from, to, &report);
	source.report = buf_view(&report);
	assert_int_equal(derive(&source, &payload, &why), ERR_OK);
	buf_append_byte(&payload, '\0');
	if (strstr((const char *)payload.data, expected) == NULL)
		fail_msg("\"%s\" expected in %s", expected, (const char *)payload.data);
	buf_free(&report);
	buf_free(&payload);
	buf_free(&why);
}

static void
what_is_not_affirming_has_failed(void **state)
{
	(void)state;
	changed("\"ear.status\":\"affirming\"", "\"ear.status\":\"warning\"",
	    "\"verificationResult\":\"FAILED\",\"verifiedLevels\":[\"FAILED\"]");
	changed("\"ear.status\":\"affirming\"", "\"ear.status\":\"contraindicated\"",
	    "\"hallmark.status\":\"contraindicated\"");
	changed("\"ear.status\":\"affirming\"", "\"ear.status\":\"none\"",
	    "\"verificationResult\":\"FAILED\"");
}

static void
names_are_escaped_in_uris(void **state)
{
	(void)state;
	changed("\"trading@sha256:", "\"tr?a#d%i\303\251@sha256:",
	    "\"https://example.com/policies/tr%3Fa%23d%25i%C3%A9\"");
}

static void
a_policy_without_a_digest_gets_none(void **state)
{
	struct buf report = BUF_INIT;

	(void)state;
	vector_changed("report-start.json", "\"trading@sha256:", "\"trading@sha512:", &report);
	expect_refused(good, buf_view(&report), "a policy with a name and a digest");
	buf_clear(&report);
	vector_changed("report-start.json", "\"trading@sha256:", "\"@sha256:", &report);
	expect_refused(good, buf_view(&report), "a policy with a name and a digest");
	buf_free(&report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_summary_is_that_of_the_vectors),
	    cmocka_unit_test(only_starts_get_a_summary),
	    cmocka_unit_test(only_what_a_profile_covers_gets_one),
	    cmocka_unit_test(profiles_are_found_by_their_whole_name),
	    cmocka_unit_test(what_is_not_affirming_has_failed),
	    cmocka_unit_test(names_are_escaped_in_uris),
	    cmocka_unit_test(a_policy_without_a_digest_gets_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
