/* What the key process says about a report, and about which reports it says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "pkcs11/serve/claims.h"
#include "proto/evidence/identity.h"
#include "proto/report/report.h"
#include "proto/wire/message.h"
#include "tests/unit/report_fixture.h"

static const struct view any[] = {V("*"), V("*://*/*/*")}; /* of collectors, each "/" is said */
static const struct view vector_collectors[] = {
    V("spiffe://other/*"), V("spiffe://example/collector/*")};
static const struct view vector_workloads[] = {V("none"), V("trading-*")};
static const struct view vault[] = {V("https://vault.example"), V("https://settle.example")};
static const struct view payments[] = {V("payments")}, a[] = {V("a")};

/* The first is that of the vectors, the third covers all, the others not quite. */
static const struct token_profile profiles[] = {
    {V("trading"), V("https://attest.example"), vault, 1, 300,
	{vector_collectors, vector_workloads, 2, 2}, {REPORT_AFFIRMING}, 1},
    {V("payments"), V("hallmark.example"), payments, 1, 86400,
	{vector_collectors, vector_workloads, 2, 2}, {REPORT_WARNING, REPORT_CONTRAINDICATED}, 2},
    {V("all"), V("i"), a, 1, 86400, {any, any, 2, 2},
	{REPORT_NONE, REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED}, 4},
    {V("another-collector"), V("i"), a, 1, 300, {vector_collectors, any, 1, 2}, {REPORT_AFFIRMING},
	1},
    {V("another-workload"), V("i"), a, 1, 300, {vector_collectors, vector_workloads, 2, 1},
	{REPORT_AFFIRMING}, 1},
    {V("another-status"), V("i"), a, 1, 300, {vector_collectors, vector_workloads, 2, 2},
	{REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED}, 3},
    {V("two"), V("i"), vault, 2, 300, {any, any, 2, 2}, {REPORT_AFFIRMING}, 1},
};

static const struct hsm_config config = {
    .origin = "hallmark.example/prod-1",
    .tokens = profiles,
    .token_count = sizeof(profiles) / sizeof(profiles[0]),
};

#define ISSUED_S                                                                                   \
	1795514401 /* iat of the vectors' first report; the second is of a minute later            \
		    */

static uint64_t now_s = ISSUED_S + 61;
static struct view audience; /* that is asked for */
static uint32_t lifetime_s;  /* the same */

static enum err
derive_of(const struct hsm_config *c, struct view report, struct view profile, uint64_t index,
    struct buf *claims, struct buf *why)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct claims_source source = {.profile = profile,
	    .audience = audience,
	    .lifetime_s = lifetime_s,
	    .report = report,
	    .index = index,
	    .now_s = now_s};

	enum err e;

	digest_of_parts((struct view[]){V("\0"), report}, 2, &source.leaf);
	e = claims_derive(c, &source, &document, claims, why);
	report_document_free(&document);
	return e;
}

static void
expect_vector(const char *report_file, const char *profile, uint64_t index, const char *claims_file)
{
	struct buf report = BUF_INIT, wanted = BUF_INIT, claims = BUF_INIT, why = BUF_INIT;

	vector_file(report_file, &report);
	vector_file(claims_file, &wanted);
	buf_append_string(&claims, "before");
	assert_int_equal(
	    derive_of(&config, buf_view(&report), view_of_string(profile), index, &claims, &why),
	    ERR_OK);
	buf_consume(&claims, 6);
	assert_int_equal(claims.size, wanted.size);
	assert_memory_equal(claims.data, wanted.data, wanted.size);
	assert_int_equal(why.size, 0);
	buf_free(&report);
	buf_free(&wanted);
	buf_free(&claims);
	buf_free(&why);
}

static void
claims_are_those_of_the_vectors(void **state)
{
	(void)state;
	expect_vector("report-deployed.json", "trading", 1, "token-deployed.json");
	expect_vector("report-draft-fresh.json", "trading", 1, "token-draft.json");
	expect_vector("report-challenge.json", "trading", 6, "token-challenge.json");
}

static void
expect_refused(
    const struct hsm_config *c, struct view report, const char *profile, const char *reason)
{
	struct buf claims = BUF_INIT, why = BUF_INIT;

	assert_int_equal(
	    derive_of(c, report, view_of_string(profile), 1, &claims, &why), ERR_TOKEN_PROFILE);
	assert_int_equal(claims.size, 0);
	buf_append_byte(&why, '\0');
	if (strstr((const char *)why.data, reason) == NULL)
		fail_msg("\"%s\" expected, found \"%s\"", reason, (const char *)why.data);
	buf_free(&claims);
	buf_free(&why);
}

static void
expect_vector_refused(const char *profile, const char *reason)
{
	struct buf report = BUF_INIT;

	vector_file("report-deployed.json", &report);
	expect_refused(&config, buf_view(&report), profile, reason);
	buf_free(&report);
}

static void
only_what_a_profile_covers_gets_a_token(void **state)
{
	(void)state;
	expect_vector_refused("payments", "does not cover the status affirming");
	expect_vector_refused("another-status", "does not cover the status affirming");
	expect_vector_refused(
	    "another-collector", "does not cover the collector spiffe://example/collector/host-1");
	expect_vector_refused("another-workload", "does not cover the workload trading-app");
}

static void
profiles_are_found_by_their_whole_name(void **state)
{
	(void)state;
	expect_vector_refused("", "expected one of the 7 token profiles that hsm.yaml had when "
				  "this process started, found ''");
	expect_vector_refused("tradin", "found 'tradin'");
	expect_vector_refused("trading2", "found 'trading2'");
	expect_vector_refused("Trading", "found 'Trading'");
	expect_vector_refused("*", "found '*'");
}

static void
without_profiles_there_are_no_tokens(void **state)
{
	const struct hsm_config none = {.origin = config.origin};
	struct buf report = BUF_INIT;

	(void)state;
	vector_file("report-deployed.json", &report);
	expect_refused(&none, buf_view(&report), "all", "one of the 0 token profiles");
	buf_free(&report);
}

static void
reports_of_other_logs_get_none(void **state)
{
	struct hsm_config other = config;
	struct buf report = BUF_INIT;

	(void)state;
	vector_file("report-deployed.json", &report);
	other.origin = "hallmark.example/prod-10";
	expect_refused(&other, buf_view(&report), "all",
	    "expected a report of hallmark.example/prod-10, found one of hallmark.example/prod-1");
	other.origin = "hallmark.example/prod-";
	expect_refused(&other, buf_view(&report), "all", "found one of hallmark.example/prod-1");
	buf_free(&report);
}

/* Logged is logged: whatever it is, a JWS says only what a report said. */
static void
other_entries_get_none(void **state)
{
	static const char *const others[] = {"absence.json", "notice-start.json",
	    "notice-manifest.json", "notice-statement.json", "notice-approved.json",
	    "token-deployed.json"};
	static const char *const garbage[] = {"", "{", "{}", "null", "garbage", "{\"a\":1}",
	    "{\"iss\":\"https://accounts.example\",\"sub\":\"root\",\"exp\":9999999999}"};
	struct buf entry = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		buf_clear(&entry);
		vector_file(others[i], &entry);
		expect_refused(&config, buf_view(&entry), "all", "found another kind of entry");
	}
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		expect_refused(
		    &config, view_of_string(garbage[i]), "all", "found another kind of entry");
	buf_free(&entry);
}

/* It says nothing of now. */
static void
gap_records_get_none(void **state)
{
	struct buf report = BUF_INIT;

	(void)state;
	vector_file("report-draft.json", &report);
	expect_refused(&config, buf_view(&report), "payments", "found a gap record");
	buf_free(&report);
}

/* Of that name a token would be the workload's, or that of a collector "trading-app". */
static void
what_was_measured_before_a_start_gets_none(void **state)
{
	struct buf bundle = BUF_INIT, report = BUF_INIT;
	struct report r;

	(void)state;
	example(&r);
	vector_wire("bundle-5-start", &bundle);
	assert_int_equal(bundle_decode(buf_view(&bundle), &r.bundle), ERR_OK);
	set_jti(&r);
	assert_int_equal(report_write(&r, &report), ERR_OK);
	assert_int_equal(parse(buf_view(&report)), ERR_OK);
	expect_refused(&config, buf_view(&report), "all", "measured before a start");
	buf_free(&bundle);
	buf_free(&report);
}

/* Whatever status a profile covers. */
static void
what_is_revoked_gets_none(void **state)
{
	struct buf report = BUF_INIT, revoked = BUF_INIT, claims = BUF_INIT, why = BUF_INIT;
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct report *r = &document.report;

	(void)state;
	vector_file("report-deployed.json", &report);
	assert_int_equal(report_parse(buf_view(&report), &document), ERR_OK);
	r->status = REPORT_CONTRAINDICATED;
	r->finding_count = r->finding_total = 1;
	r->finding[0] = (struct report_finding){V("bundle"), V("other"), V(""), V("by whom")};
	assert_int_equal(report_write(r, &revoked), ERR_OK);
	assert_int_equal(
	    derive_of(&config, buf_view(&revoked), V("all"), 1, &claims, &why), ERR_OK);
	r->finding[0].code = V("revoked");
	buf_clear(&revoked);
	assert_int_equal(report_write(r, &revoked), ERR_OK);
	expect_refused(&config, buf_view(&revoked), "all", "by whom");
	report_document_free(&document);
	buf_free(&report);
	buf_free(&revoked);
	buf_free(&claims);
	buf_free(&why);
}

/* Every cut and every changed byte of a report: another spelling, or what it says is not so. */
static void
what_is_not_quite_a_report_gets_none(void **state)
{
	struct buf report = BUF_INIT, claims = BUF_INIT, why = BUF_INIT;
	size_t read = 0;

	(void)state;
	vector_file("report-deployed.json", &report);
	for (size_t size = 0; size < report.size; size++)
		assert_int_equal(derive_of(&config, (struct view){report.data, size}, V("all"), 1,
				     &claims, &why),
		    ERR_TOKEN_PROFILE);
	for (size_t i = 0; i < report.size; i++) {
		report.data[i] ^= 1;
		buf_clear(&claims);
		read += derive_of(&config, buf_view(&report), V("all"), 1, &claims, &why) == ERR_OK;
		report.data[i] ^= 1;
	}
	/* Digits and letters of values that nothing else in a report can contradict. */
	assert_in_range(read, 1, report.size / 2);
	buf_free(&report);
	buf_free(&claims);
	buf_free(&why);
}

/* Of a report with other times, asked for at the moment that it was issued. */
static void
expect_expiry(uint64_t issued_s, uint64_t expires_s, const char *profile, const char *expected)
{
	const uint64_t before_s = now_s;
	struct buf report = BUF_INIT, claims = BUF_INIT, why = BUF_INIT, changed = BUF_INIT;
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct report r;

	vector_file("report-deployed.json", &report);
	assert_int_equal(report_parse(buf_view(&report), &document), ERR_OK);
	r = document.report;
	r.issued_s = issued_s;
	r.expires_s = expires_s;
	assert_int_equal(report_write(&r, &changed), ERR_OK);
	now_s = issued_s;
	assert_int_equal(
	    derive_of(&config, buf_view(&changed), view_of_string(profile), 1, &claims, &why),
	    ERR_OK);
	now_s = before_s;
	buf_append_byte(&claims, '\0');
	assert_non_null(strstr((const char *)claims.data, expected));
	report_document_free(&document);
	buf_free(&report);
	buf_free(&claims);
	buf_free(&why);
	buf_free(&changed);
}

static void
a_token_ends_with_its_lifetime_or_its_report(void **state)
{
	(void)state;
	expect_expiry(ISSUED_S, 1795514701, "trading", "\"iat\":1795514401,\"exp\":1795514701,");
	expect_expiry(1795514401, 1795514700, "trading", "\"iat\":1795514401,\"exp\":1795514700,");
	expect_expiry(1795514401, 1795514702, "trading", "\"iat\":1795514401,\"exp\":1795514701,");
	expect_expiry(1795514401, 1795514402, "trading", "\"iat\":1795514401,\"exp\":1795514402,");
	/* Ten years of a signer that would give its friends a token for ever. */
	expect_expiry(1795514401, 2111047201, "all", "\"iat\":1795514401,\"exp\":1795600801,");
}

static void
what_is_asked_for_makes_a_lifetime_only_shorter(void **state)
{
	(void)state;
	lifetime_s = 299;
	expect_expiry(ISSUED_S, 1795518001, "trading", "\"exp\":1795514700,");
	lifetime_s = 301;
	expect_expiry(ISSUED_S, 1795518001, "trading", "\"exp\":1795514701,");
	lifetime_s = 299;
	expect_expiry(ISSUED_S, 1795514402, "trading", "\"exp\":1795514402,");
	lifetime_s = 0;
}

static void
a_token_is_for_one_audience_that_its_profile_lists(void **state)
{
	(void)state;
	audience = V("https://settle.example");
	expect_expiry(ISSUED_S, 1795518001, "two", "\"aud\":\"https://settle.example\",\"iat\"");
	expect_vector_refused(
	    "trading", "'trading' does not list the audience https://settle.example");
	audience = V("https://vault.exampl");
	expect_vector_refused("two", "does not list the audience https://vault.exampl");
	audience = V("https://vault.example");
	expect_expiry(ISSUED_S, 1795518001, "two", "\"aud\":\"https://vault.example\",\"iat\"");
	expect_expiry(ISSUED_S, 1795518001, "trading", "\"aud\":\"https://vault.example\",");
	audience = V("");
	expect_vector_refused("two", "has 2 audiences, and the policy names none of them");
}

/* At that moment by our clock; NULL: there is one. */
static void
expect_at(uint64_t moment_s, const char *profile, const char *refused)
{
	struct buf report = BUF_INIT, claims = BUF_INIT, why = BUF_INIT;
	const uint64_t before_s = now_s;

	now_s = moment_s;
	vector_file("report-deployed.json", &report);
	if (refused != NULL)
		expect_refused(&config, buf_view(&report), profile, refused);
	else
		assert_int_equal(derive_of(&config, buf_view(&report), view_of_string(profile), 1,
				     &claims, &why),
		    ERR_OK);
	now_s = before_s;
	buf_free(&report);
	buf_free(&claims);
	buf_free(&why);
}

/* A signer that issues for the year to come would have tokens that are good until then. */
static void
there_is_none_before_its_time_and_none_after(void **state)
{
	(void)state;
	expect_at(ISSUED_S - CLAIMS_AHEAD_S, "trading", NULL);
	expect_at(ISSUED_S - CLAIMS_AHEAD_S - 1, "trading", "found one 61 s ahead of it");
	expect_at(ISSUED_S - 366 * 86400, "trading", "found one 31622400 s ahead");
	expect_at(0, "trading", "s ahead of it");
	expect_at(ISSUED_S + 299, "trading", NULL);
	expect_at(ISSUED_S + 300, "trading", "would have ended 0 s ago");
	expect_at(ISSUED_S + 300, "all", NULL);
	expect_at(ISSUED_S + 3599, "all", NULL);
	expect_at(ISSUED_S + 3600, "all", "would have ended 0 s ago");
	expect_at(UINT64_MAX - CLAIMS_AHEAD_S, "all", "would have ended");
}

/* The longest names that a report and a profile can have, each byte with an escape. */
static void
the_largest_claims_fit(void **state)
{
	char text[ENTRY_STRING_MAX + 1], origin[201];
	struct buf report = BUF_INIT, large = BUF_INIT, claims = BUF_INIT, why = BUF_INIT;
	struct token_profile profile = profiles[2];
	struct view longest;
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct hsm_config c = config;
	struct report r;

	(void)state;
	memset(text, '"', ENTRY_STRING_MAX);
	memset(origin, '"', 200);
	origin[200] = '\0';
	vector_file("report-deployed.json", &report);
	assert_int_equal(report_parse(buf_view(&report), &document), ERR_OK);
	r = document.report;
	r.issuer = view_of_string(origin);
	r.developer = r.build = r.policy_id =
	    (struct view){(const uint8_t *)text, ENTRY_STRING_MAX};
	r.collector = (struct view){(const uint8_t *)text, IDENTITY_SIZE_MAX};
	r.bundle.workload = (struct view){(const uint8_t *)text, BUNDLE_WORKLOAD_MAX};
	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++)
		r.claim[i] = -2;
	bundle_encode(&r.bundle, &claims);
	digest_of(claims.data, claims.size, &r.bundle_digest);
	buf_clear(&claims);
	assert_int_equal(report_write(&r, &large), ERR_OK);
	longest = profile.issuer = (struct view){(const uint8_t *)text, TOKEN_PARTY_MAX};
	profile.audiences = &longest;
	profile.audience_count = 1;
	c.tokens = &profile;
	c.token_count = 1;
	c.origin = origin;
	assert_int_equal(
	    derive_of(&c, buf_view(&large), V("all"), UINT64_MAX, &claims, &why), ERR_OK);
	assert_in_range(claims.size, 9000, CLAIMS_SIZE_MAX);
	/* With a header of 112 bytes and the signature of an RSA-4096 key. */
	assert_true(112 + 4 * CLAIMS_SIZE_MAX / 3 + 2 + 683 <= MESSAGE_JWS_MAX);
	report_document_free(&document);
	buf_free(&report);
	buf_free(&large);
	buf_free(&claims);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(claims_are_those_of_the_vectors),
	    cmocka_unit_test(only_what_a_profile_covers_gets_a_token),
	    cmocka_unit_test(what_is_asked_for_makes_a_lifetime_only_shorter),
	    cmocka_unit_test(a_token_is_for_one_audience_that_its_profile_lists),
	    cmocka_unit_test(profiles_are_found_by_their_whole_name),
	    cmocka_unit_test(without_profiles_there_are_no_tokens),
	    cmocka_unit_test(reports_of_other_logs_get_none),
	    cmocka_unit_test(other_entries_get_none),
	    cmocka_unit_test(gap_records_get_none),
	    cmocka_unit_test(what_was_measured_before_a_start_gets_none),
	    cmocka_unit_test(what_is_revoked_gets_none),
	    cmocka_unit_test(what_is_not_quite_a_report_gets_none),
	    cmocka_unit_test(a_token_ends_with_its_lifetime_or_its_report),
	    cmocka_unit_test(there_is_none_before_its_time_and_none_after),
	    cmocka_unit_test(the_largest_claims_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
