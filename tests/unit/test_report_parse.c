/* Reports: read in their one spelling only. */
#include "tests/unit/report_fixture.h"

/* The vector with the first `from` replaced by `to`. */
static enum err
parse_changed(const char *vector, const char *from, const char *to)
{
	struct buf changed = BUF_INIT;
	enum err e;

	vector_changed(vector, from, to, &changed);
	e = parse(buf_view(&changed));
	buf_free(&changed);
	return e;
}

static void
other_spellings_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
	    {"{", " {"},
	    {":1795514461,", ": 1795514461,"},
	    {"1795514461", "1795514461.0"},
	    {"1795514461", "1.795514461e9"},
	    {"trading-app\":{", "trading\\u002dapp\":{"},
	    {"https://", "https:\\/\\/"},
	    {"\xe2\x82\xac", "\\u20ac"},
	    {"a0a1a2a3", "A0A1A2A3"},
	    {"\"iat\":1795514461,\"exp\":1795518061", "\"exp\":1795518061,\"iat\":1795514461"},
	    {"\"not-checked\":[\"runtime\"]", ""},
	    {"\"offline\":true", "\"offline\":true,\"extra\":1"},
	    {"\"iss\"", "\"aud\":\"x\",\"iss\""},
	    {"\"file-system\":96", "\"file-system\":96,\"hardware\":0"},
	    {"\"iat\":1795514461", "\"iat\":1795514461,\"iat\":1795514461"},
	    {"[\"runtime\"]", "[\"runtime\",\"runtime\"]"},
	    {"\"},\"last-signed\"", "=\"},\"last-signed\""},
	    {"\"finding-count\":2", "\"finding-count\":02"},
	    {"}}}", "}}}\n"},
	    {"ear#1\",\"ear_status\"", "ear#2\",\"ear_status\""},
	    {"\"eat_profile\":\"tag:github.com,2026:hallmark/ear#1\",", ""},
	    {"ear_status", "ear.status"},
	    {"[\"stricter", "\"stricter"},
	    {"\"form\":1,", ""},
	    {"\"form\":1", "\"form\":01"},
	    {"\"form\":1", "\"form\":\"1\""},
	    {"\"hallmark\":{\"form\"", "\"hallmark.form\""},
	    {"\"next\":0,", ""},
	    {"\"next\":0", "\"next\":00"},
	    {"\"time\":1795514340000,\"next\":0", "\"next\":0,\"time\":1795514340000"},
	    {"\"files\":{", "\"executable\":{"},
	    {"\"files\":{", "\"config\":{"},
	    {"\"},\"notice\"", "\",},\"notice\""},
	    {"\"notice\":{\"index\":4", "\"notice\":{\"index\":04"},
	    {"\"notice\":{\"index\":4,", "\"notice\":{"},
	    {"\"notice\":{\"index\":4,\"leaf\"", "\"notice\":{\"index\":4,\"leaves\""},
	    {"\"signature\":{", "\"signature\":{},\"signature\":{"},
	    {"\"last-signed\":1795514461", "\"last-signed\":1795514461,\"extensions\":{}"},
	    {"\"last-signed\":1795514461",
		"\"last-signed\":1795514461,\"hallmark.extensions\":{\"a\":1}"},
	    {"\"last-signed\":1795514461", "\"last-signed\":1795514461,\"extensions\":{\"a\": 1}"},
	};

	(void)state;
	assert_int_equal(parse_changed("report-draft.json", "e", "e"), ERR_OK);
	assert_int_equal(parse_changed("report-draft.json", "\"last-signed\":1795514461",
			     "\"last-signed\":1795514461,\"extensions\":{\"a\":1}"),
	    ERR_OK);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_int_equal(
		    parse_changed("report-draft.json", changes[i].from, changes[i].to), ERR_FORMAT);
}

#define NOT_CHECKED     "\"not-checked\":[\"runtime\"]"
#define ACCEPTED(all)   NOT_CHECKED ",\"accepted\":[" all "]"
#define ONE(kind, code) "{\"kind\":\"" kind "\",\"code\":\"" code "\"}"

#define GROUPED(rollout) "\"finding-count\":2,\"group\":\"canary\"" rollout ",\"not-checked\":["
#define ROLLED(enforce, decided, status, count)                                                    \
	",\"rollout\":{\"enforce\":\"" enforce "\",\"decided\":\"" decided                         \
	"\",\"status\":\"" status "\",\"finding-count\":" count "}"

static void
another_policy_decides_in_a_group_alone(void **state)
{
	static const char *const good[] = {
	    GROUPED(""),
	    GROUPED(ROLLED("off", "o@sha256:1", "none", "0")),
	    GROUPED(ROLLED("off", "o", "contraindicated", "17")),
	    GROUPED(ROLLED("warn", "o", "contraindicated", "17")),
	    GROUPED(ROLLED("warn", "o", "none", "1")),
	};
	static const char *const wrong[] = {
	    "\"finding-count\":2,\"group\":\"\",\"not-checked\":[",
	    "\"finding-count\":2,\"group\":\"a b\",\"not-checked\":[",
	    "\"finding-count\":2" ROLLED("off", "o", "none", "0") ",\"not-checked\":[",
	    GROUPED(ROLLED("on", "o", "none", "0")),
	    GROUPED(ROLLED("off", "", "none", "0")),
	    GROUPED(ROLLED("off", "\u202e", "none", "0")),
	    GROUPED(ROLLED("off", "o", "affirming", "1")),
	    GROUPED(ROLLED("off", "o", "affirming", "0")), /* of a gap record */
	    GROUPED(ROLLED("off", "o", "good", "1")),
	    GROUPED(ROLLED("off", "o", "warning", "-1")),
	};
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct buf text = BUF_INIT, again = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_clear(&text);
		buf_clear(&again);
		vector_changed(
		    "report-draft.json", "\"finding-count\":2,\"not-checked\":[", good[i], &text);
		assert_int_equal(report_parse(buf_view(&text), &d), ERR_OK);
		assert_string_equal(
		    "canary", strndupa((const char *)d.report.group.data, d.report.group.size));
		assert_int_equal(report_write(&d.report, &again), ERR_OK);
		assert_true(view_equal(buf_view(&text), buf_view(&again)));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse_changed("report-draft.json",
				     "\"finding-count\":2,\"not-checked\":[", wrong[i]),
		    ERR_FORMAT);
	/* What is in force does not decide beside itself, and is heard where it warns. */
	assert_int_equal(report_parse(buf_view(&text), &d), ERR_OK);
	d.report.rollout.decided = d.report.policy_id;
	assert_int_equal(report_check(&d.report), ERR_FORMAT);
	d.report.rollout.decided = VIEW_LITERAL("o");
	d.report.rollout.status = REPORT_CONTRAINDICATED;
	d.report.status = REPORT_WARNING;
	memset(d.report.claim, 0, sizeof(d.report.claim));
	assert_int_equal(report_check(&d.report), ERR_OK);
	d.report.status = REPORT_NONE;
	assert_int_equal(report_check(&d.report), ERR_FORMAT);
	report_document_free(&d);
	buf_free(&text);
	buf_free(&again);
}

#define EXCEPTIONS(all) NOT_CHECKED ",\"exceptions\":[" all "]"
#define EXCEPT(kind, subject, until, why)                                                          \
	"{\"kind\":\"" kind "\",\"subject\":\"" subject "\",\"until\":" until ",\"why\":\"" why    \
	"\"}"
#define LATE "253402300799"

static void
exceptions_are_by_kind_and_not_over(void **state)
{
	static const char *const wrong[] = {
	    EXCEPTIONS(""),
	    EXCEPTIONS(EXCEPT("runtime", "a", LATE, "b")),
	    EXCEPTIONS(EXCEPT("host", "a", LATE, "b")),
	    EXCEPTIONS(EXCEPT("libraries", "a", LATE, "b")),
	    EXCEPTIONS(EXCEPT("files", "", LATE, "b")),
	    EXCEPTIONS(EXCEPT("files", "a", LATE, "")),
	    EXCEPTIONS(EXCEPT("files", "a", "1795514461", "b")),
	    EXCEPTIONS(EXCEPT("files", "a", "253402300800", "b")),
	    EXCEPTIONS(EXCEPT("files", "\u202e", LATE, "b")),
	    EXCEPTIONS(EXCEPT("files", "a", LATE, "\u202e")),
	    EXCEPTIONS(EXCEPT("files", "a", LATE, "b") "," EXCEPT("executable", "a", LATE, "b")),
	    NOT_CHECKED ",\"exceptions\":[" EXCEPT("files", "a", LATE, "b") "],\"accepted\":[" ONE(
		"files", "a") "]",
	};
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct buf text = BUF_INIT, again = BUF_INIT;

	(void)state;
	vector_changed("report-draft.json", NOT_CHECKED,
	    ACCEPTED(ONE("files", "a")) ",\"exceptions\":[" EXCEPT(
		"executable", "/z", "1795514462", "1") "," EXCEPT("files", "/a", LATE, "2") "]",
	    &text);
	assert_int_equal(report_parse(buf_view(&text), &d), ERR_OK);
	assert_int_equal(d.report.exception_count, 2);
	assert_true(view_equal(d.report.exception[0].subject, V("/z")));
	assert_int_equal(d.report.exception[0].until_s, 1795514462);
	assert_true(view_equal(d.report.exception[1].why, V("2")));
	assert_int_equal(report_write(&d.report, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), buf_view(&text)));
	report_document_free(&d);
	buf_free(&text);
	buf_free(&again);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
		    parse_changed("report-draft.json", NOT_CHECKED, wrong[i]), ERR_FORMAT);
}

static void
what_was_accepted_is_sorted_and_of_what_rules_judged(void **state)
{
	static const char *const wrong[] = {
	    ACCEPTED(""),
	    ACCEPTED(ONE("runtime", "a")),
	    ACCEPTED(ONE("host", "a")),
	    ACCEPTED(ONE("bundle", "a")),
	    ACCEPTED(ONE("files", "")),
	    ACCEPTED(ONE("files", "A")),
	    ACCEPTED("{\"code\":\"a\",\"kind\":\"files\"}"),
	    ACCEPTED("{\"kind\":\"files\",\"code\":\"a\",\"subject\":\"\"}"),
	    ACCEPTED(ONE("files", "a") "," ONE("files", "a")),
	    ACCEPTED(ONE("files", "b") "," ONE("files", "a")),
	    ACCEPTED(ONE("files", "a") "," ONE("executable", "b")),
	};
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct buf text = BUF_INIT, again = BUF_INIT;

	(void)state;
	vector_changed("report-draft.json", NOT_CHECKED,
	    ACCEPTED(ONE("executable", "b") "," ONE("files", "a") "," ONE("files", "b-2")), &text);
	assert_int_equal(report_parse(buf_view(&text), &d), ERR_OK);
	assert_int_equal(d.report.accepted_count, 3);
	assert_true(view_equal(d.report.accepted[2].kind, V("files")));
	assert_true(view_equal(d.report.accepted[2].code, V("b-2")));
	assert_int_equal(report_write(&d.report, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), buf_view(&text)));
	report_document_free(&d);
	buf_free(&text);
	buf_free(&again);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
		    parse_changed("report-draft.json", NOT_CHECKED, wrong[i]), ERR_FORMAT);
}

static void
wrong_values_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
	    {"\"iat\":1795514461", "\"iat\":\"1795514461\""},
	    {"\"iat\":1795514461", "\"iat\":-1795514461"},
	    {"\"iat\":1795514461", "\"iat\":18446744073709551616"},
	    {"\"iat\":1795514461", "\"iat\":1795518061"},
	    {"\"iss\":\"hallmark.example/prod-1\"", "\"iss\":null"},
	    {"\"sub\":\"spiffe", "\"sub\":\"\\u0000spiffe"},
	    {"\"sub\":\"spiffe", "\"sub\":\"\xffspiffe"},
	    {"\"sub\":\"spiffe", "\"sub\":\"\\nspiffe"},
	    {"\"sub\":\"spiffe", "\"sub\":\"\\ud800spiffe"},
	    {"\"contraindicated\"", "\"Contraindicated\""},
	    {"\"contraindicated\"", "\"warning\""},
	    {"\"contraindicated\"", "96"},
	    {"\"file-system\":96", "\"executables\":128"},
	    {"\"file-system\":96", "\"executables\":-129"},
	    {"\"file-system\":96", "\"executables\":true"},
	    {"\"file-system\":96", "\"executables\":9223372036854775807"},
	    {"\"finding-count\":2", "\"finding-count\":3"},
	    {"\"kind\":\"files\"", "\"kind\":\"tpm\""},
	    {"\"kind\":\"files\",", ""},
	    {"[\"runtime\"]", "[\"host\"]"},
	    {"[\"runtime\"]", "[1]"},
	    {"[\"runtime\"]", "{}"},
	    {"\"offline\":true", "\"offline\":false"},
	    {"\"offline\":true", "\"offline\":1"},
	    {"\"seq\":2", "\"seq\":0"},
	    {"\"boot\":\"a0", "\"boot\":\""},
	    {"\"count\":3", "\"count\":1000001"},
	    {"\"last-signed\":1795514461", "\"last-signed\":0"},
	    {"\"last-signed\":1795514461", "\"last-signed\":1795514460"},
	    {"\"submods\":{", "\"submods\":{\"other\":{},"},
	    {"trading-app\":{", "trading app\":{"},
	    {"{\"developer\":\"https://example.com\",", "{"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_int_equal(
		    parse_changed("report-draft.json", changes[i].from, changes[i].to), ERR_FORMAT);
	assert_int_equal(parse_changed("report-draft.json", "ear#04", "ear#03"), ERR_UNSUPPORTED);
	assert_int_equal(
	    parse_changed("report-draft.json", "\"form\":1", "\"form\":2"), ERR_UNSUPPORTED);
	assert_int_equal(
	    parse_changed("report-deployed.json", "\"hallmark.form\":1", "\"hallmark.form\":0"),
	    ERR_UNSUPPORTED);
}

static void
a_bundle_that_is_not_the_named_one_is_a_mismatch(void **state)
{
	(void)state;
	assert_int_equal(
	    parse_changed("report-draft.json", "\"seq\":2", "\"seq\":3"), ERR_MISMATCH);
	assert_int_equal(
	    parse_changed("report-draft.json", "\"size\":90", "\"size\":91"), ERR_MISMATCH);
	assert_int_equal(
	    parse_changed("report-draft.json", "\"trading-app\"", "\"trading-bpp\""), ERR_MISMATCH);
	assert_int_equal(
	    parse_changed("report-deployed.json", "\"eat_nonce\":\"AA", "\"eat_nonce\":\"BA"),
	    ERR_MISMATCH);
	assert_int_equal(parse_changed("report-draft.json", "a0a1a2a3", "b0a1a2a3"), ERR_MISMATCH);
}

static void
nonce_and_offline_exclude_each_other(void **state)
{
	(void)state;
	assert_int_equal(
	    parse_changed("report-deployed.json", "\"offline\":false", "\"offline\":true"),
	    ERR_FORMAT);
	assert_int_equal(parse_changed("report-deployed.json",
			     "\"eat_nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",", ""),
	    ERR_FORMAT);
	assert_int_equal(
	    parse_changed("report-deployed.json", "GxwdHh8\"", "GxwdHh9\""), ERR_FORMAT);
}

/* Of a challenge, eat_nonce answers to it, and the bundle's own nonce stands in the bundle. */
static void
a_challenge_moves_the_nonce(void **state)
{
	static const char *const vector = "report-challenge.json";
	static const char own[] = "\"nonce\":\"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\",";

	(void)state;
	assert_int_equal(parse_changed(vector, own, ""), ERR_FORMAT);
	assert_int_equal(
	    parse_changed(vector, "\"eat_nonce\":\"YSBjaGFsbGVuZ2U\",", ""), ERR_FORMAT);
	assert_int_equal(parse_changed(vector, "YSBjaGFsbGVuZ2U", "YSBjaGFsbGVuZ2E"), ERR_FORMAT);
	assert_int_equal(parse_changed(vector, "YSBjaGFsbGVuZ2U", "YSBjaGFsbGVu"), ERR_FORMAT);
	assert_int_equal(parse_changed(vector, "YSBjaGFsbGVuZ2U", ""), ERR_FORMAT);
	assert_int_equal(
	    parse_changed(vector, "YSBjaGFsbGVuZ2U", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"),
	    ERR_FORMAT);
	assert_int_equal(parse_changed(vector, "\"nonce\":\"ICE", "\"nonce\":\"IC"), ERR_FORMAT);
	assert_int_equal(parse_changed(vector, "\"nonce\":\"ICE", "\"nonce\":\"ICF"), ERR_MISMATCH);
	assert_int_equal(
	    parse_changed(vector, "\"offline\":false", "\"offline\":true"), ERR_FORMAT);
	assert_int_equal(parse_changed("report-deployed.json", "\"offline\":false,",
			     "\"offline\":false,\"nonce\":"
			     "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\","),
	    ERR_FORMAT);
	assert_int_equal(parse_changed("report-draft.json", "\"offline\":true,",
			     "\"offline\":true,\"nonce\":"
			     "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\","),
	    ERR_FORMAT);
}

/* The bundle's extensions are the bytes that it had; none of them are left out. */
static void
extensions_of_the_bundle_are_canonical(void **state)
{
	static const char *const bad[][2] = {{",\"extensions\":\"hKlj", ",\"extensions\":\"g6lj"},
	    {",\"extensions\":\"hKlj", ",\"extensions\":\"hqlj"},
	    {",\"extensions\":\"hKlj", ",\"extensions\":\"3gAEqWNj"},
	    {"ldGhyZWXEAQM\"", "ldGhyZWXEAQMA\""}, {"ldGhyZWXEAQM\"", "ldGhyZWXEAQ\""},
	    {"ldGhyZWXEAQM\"", "ldGhyZWXEAQM=\""}, {"EAQM\"},", "EAQM\",\"x\":1},"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    parse_changed("report-challenge.json", bad[i][0], bad[i][1]), ERR_FORMAT);
	/* gA: an empty map; gaFhAQ: {"a": 1}, which the bundle of jti did not have. */
	assert_int_equal(parse_changed("report-deployed.json", "}}},\"hallmark.notice\"",
			     "}}},\"extensions\":\"gA\",\"hallmark.notice\""),
	    ERR_FORMAT);
	assert_int_equal(parse_changed("report-deployed.json", "}}},\"hallmark.notice\"",
			     "}},\"extensions\":\"gA\"},\"hallmark.notice\""),
	    ERR_FORMAT);
	assert_int_equal(parse_changed("report-deployed.json", "}}},\"hallmark.notice\"",
			     "}},\"extensions\":\"\"},\"hallmark.notice\""),
	    ERR_FORMAT);
	assert_int_equal(parse_changed("report-deployed.json", "}}},\"hallmark.notice\"",
			     "}},\"extensions\":\"gaFhAQ\"},\"hallmark.notice\""),
	    ERR_MISMATCH);
}

/* What a later version adds to a report is carried, in its one spelling and at its end. */
static void
extensions_of_the_report_are_carried(void **state)
{
	static const char *const bad[] = {"{}", "[]", "1", "{\"b\":1,\"a\":1}", "{\"A\":1}",
	    "{\"a\":-1}", "{\"a\":null}", "{\"a\":[[[[1]]]]}", "{\"a\":1},\"b\":1", "{\"a\":1} "};
	static const char given[] = "{\"group\":[\"a\",{\"b\":1}],\"trial\":\"\\\\\"}";

	(void)state;
	assert_int_equal(
	    parse_changed("report-challenge.json", given, "{\"z\":{\"a\":true}}"), ERR_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_changed("report-challenge.json", given, bad[i]), ERR_FORMAT);
	assert_int_equal(parse_changed("report-challenge.json", "\"hallmark.extensions\"",
			     "\"hallmark.extension\""),
	    ERR_FORMAT);
}

static void
every_cut_and_every_changed_byte_is_refused(void **state)
{
	struct buf text = BUF_INIT;
	size_t differing = 0;

	(void)state;
	vector_file("report-deployed.json", &text);
	for (size_t size = 0; size < text.size; size++)
		assert_int_equal(parse((struct view){text.data, size}), ERR_FORMAT);
	/* A changed letter of a free text is another good report; all else must be refused. */
	for (size_t i = 0; i < text.size; i++) {
		text.data[i] ^= 0x80;
		assert_int_not_equal(parse(buf_view(&text)), ERR_OK);
		text.data[i] ^= 0x81;
		differing += parse(buf_view(&text)) == ERR_OK;
		text.data[i] ^= 0x01;
	}
	assert_in_range(differing, 50, 350);
	buf_free(&text);
}

static void
what_is_no_report_is_refused(void **state)
{
	static uint8_t deep[REPORT_SIZE_MAX + 1];

	(void)state;
	assert_int_equal(parse(V("")), ERR_FORMAT);
	assert_int_equal(parse(V("{}")), ERR_FORMAT);
	assert_int_equal(parse(V("[]")), ERR_FORMAT);
	assert_int_equal(parse(V("\"eat_profile\"")), ERR_FORMAT);
	assert_int_equal(parse(V("{\"eat_profile\":\"x\"}")), ERR_UNSUPPORTED);
	assert_int_equal(
	    parse(V("{\"eat_profile\":\"tag:github.com,2023:veraison/ear\"}")), ERR_FORMAT);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(parse((struct view){deep, REPORT_SIZE_MAX}), ERR_FORMAT);
	assert_int_equal(parse((struct view){deep, sizeof(deep)}), ERR_FORMAT_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_spellings_are_refused),
	    cmocka_unit_test(what_was_accepted_is_sorted_and_of_what_rules_judged),
	    cmocka_unit_test(exceptions_are_by_kind_and_not_over),
	    cmocka_unit_test(another_policy_decides_in_a_group_alone),
	    cmocka_unit_test(wrong_values_are_refused),
	    cmocka_unit_test(a_bundle_that_is_not_the_named_one_is_a_mismatch),
	    cmocka_unit_test(nonce_and_offline_exclude_each_other),
	    cmocka_unit_test(a_challenge_moves_the_nonce),
	    cmocka_unit_test(extensions_of_the_bundle_are_canonical),
	    cmocka_unit_test(extensions_of_the_report_are_carried),
	    cmocka_unit_test(every_cut_and_every_changed_byte_is_refused),
	    cmocka_unit_test(what_is_no_report_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
