/* Reports: written as the vectors have them, read in that one spelling only. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/digest.h"
#include "proto/report/report.h"

#define V(s) VIEW_LITERAL(s)

/* The bundle of the vectors, with digests and sizes from the components' vectors. */
static void
example_bundle(struct bundle *b)
{
	static const struct {
		enum component_kind kind;
		const char *vector;
		uint64_t count;
	} parts[] = {
	    {COMPONENT_EXECUTABLE, "component-executable", 1},
	    {COMPONENT_FILES, "component-files", 3},
	    {COMPONENT_RUNTIME, "component-runtime", 5},
	};

	b->workload = V("trading-app");
	b->seq = 1;
	b->time_ms = 1795514400000;
	for (unsigned i = 0; i < NONCE_SIZE; i++)
		b->nonce[i] = (uint8_t)i;
	for (unsigned i = 0; i < BOOT_ID_SIZE; i++)
		b->boot_id[i] = (uint8_t)(0xa0 + i);
	for (size_t i = 0; i < 3; i++) {
		struct bundle_component *c = &b->component[parts[i].kind];
		struct buf bytes = BUF_INIT;

		vector_wire(parts[i].vector, &bytes);
		c->present = true;
		c->count = parts[i].count;
		c->size = bytes.size;
		digest_of(bytes.data, bytes.size, &c->digest);
		buf_free(&bytes);
	}
}

/* jti, as it follows from the bundle. */
static void
set_jti(struct report *r)
{
	struct buf bytes = BUF_INIT;

	bundle_encode(&r->bundle, &bytes);
	digest_of(bytes.data, bytes.size, &r->bundle_digest);
	buf_free(&bytes);
}

static void
names_notice(struct report *r, uint64_t index, const char *vector)
{
	struct buf text = BUF_INIT;

	vector_file(vector, &text);
	r->notice.index = index;
	digest_of_parts((const struct view[]){V("\0"), buf_view(&text)}, 2, &r->notice.leaf);
	buf_free(&text);
}

static void
names_previous(struct report *r, const char *vector)
{
	struct buf text = BUF_INIT;

	vector_file(vector, &text);
	r->has_previous = true;
	digest_of(text.data, text.size, &r->previous);
	buf_free(&text);
}

/* The report of report-deployed.json. */
static void
example(struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->profile = REPORT_PROFILE_DEPLOYED;
	r->issued_s = 1795514401;
	r->expires_s = 1795518001;
	r->issuer = V("hallmark.example/prod-1");
	r->collector = V("spiffe://example/collector/host-1");
	r->developer = V("https://example.com");
	r->build = V("hallmark-signer/0.1.0");
	r->status = REPORT_AFFIRMING;
	r->claim[REPORT_INSTANCE_IDENTITY] = 2;
	r->claim[REPORT_EXECUTABLES] = 2;
	r->claim[REPORT_FILE_SYSTEM] = 2;
	r->claim[REPORT_CONFIGURATION] = 2;
	r->policy_id =
	    V("trading@sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f");
	r->reference_count = 1;
	digest_of("reference set", 13, &r->reference[0]);
	example_bundle(&r->bundle);
	set_jti(r);
	names_notice(r, 1, "notice-manifest.json");
}

/* The report of report-draft.json; `signature` stays with the caller. */
static void
example_draft(struct report *r, struct buf *signature)
{
	example(r);
	r->profile = REPORT_PROFILE_DRAFT;
	r->issued_s += 60;
	r->expires_s += 60;
	r->status = REPORT_CONTRAINDICATED;
	r->claim[REPORT_CONFIGURATION] = 0;
	r->claim[REPORT_FILE_SYSTEM] = 96;
	r->policy_id =
	    V("stricter@sha256:e7b0c7ca59efa17fc92e5aafb66a8109dd8bac6baf3db6e56c926dfa263ec1ea");
	digest_of("another reference set", 21, &r->reference[0]);
	r->finding_count = r->finding_total = 2;
	r->finding[0] = (struct report_finding){V("files"), V("unknown-file"),
	    V("/etc/trading-app/na\\xff\\x0ame\" \xe2\x82\xac"),
	    V("in no reference set; found sha256 "
	      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")};
	r->finding[1] = (struct report_finding){V("bundle"), V("offline-evidence"), V(""),
	    V("gathered without a nonce: its time of measurement is only the collector's word")};
	r->not_checked[COMPONENT_RUNTIME] = true;
	r->bundle.prev = r->bundle_digest;
	r->bundle.seq = 2;
	r->bundle.time_ms += 60000;
	r->bundle.offline = true;
	memset(r->bundle.nonce, 0, NONCE_SIZE);
	set_jti(r);
	names_notice(r, 4, "notice-approved.json");
	names_previous(r, "report-deployed.json");
	r->has_signature = true;
	digest_of("certificate", 11, &r->certificate);
	vector_wire("bundle-2-signature", signature);
	r->signature = buf_view(signature);
	r->last_signed_s = r->issued_s;
}

/* The report of report-challenge.json; `extensions` stays with the caller. */
static void
example_challenge(struct report *r, struct buf *extensions)
{
	struct buf before = BUF_INIT, bundle = BUF_INIT;
	struct bundle decoded;

	example(r);
	vector_wire("bundle-3-extensions", &bundle);
	assert_int_equal(bundle_decode(buf_view(&bundle), &decoded), ERR_OK);
	buf_append_view(extensions, decoded.extensions.bytes);
	r->issued_s += 61;
	r->expires_s += 61;
	r->bundle.seq = 3;
	vector_wire("bundle-2-offline", &before);
	digest_of(before.data, before.size, &r->bundle.prev);
	for (unsigned i = 0; i < NONCE_SIZE; i++)
		r->bundle.nonce[i] = (uint8_t)(NONCE_SIZE + i);
	r->bundle.time_ms += 60000;
	r->bundle.next_s = 66;
	assert_int_equal(
	    bundle_extensions_read(buf_view(extensions), &r->bundle.extensions), ERR_OK);
	set_jti(r);
	names_notice(r, 4, "notice-approved.json");
	names_previous(r, "report-draft.json");
	r->last_signed_s = 1795514461;
	r->extensions = V("{\"group\":[\"a\",{\"b\":1}],\"trial\":\"\\\\\"}");
	buf_free(&before);
	buf_free(&bundle);
}

static enum err
parse(struct view json)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	enum err e = report_parse(json, &d);

	report_document_free(&d);
	return e;
}

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
	struct buf out = BUF_INIT;
	struct report r;

	(void)state;
	memset(quotes, '"', sizeof(quotes));
	memset(letters, 'a', sizeof(letters));
	example(&r);
	r.profile = REPORT_PROFILE_DRAFT;
	r.collector = r.developer = r.build = r.policy_id = (struct view){quotes, ENTRY_STRING_MAX};
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
	    {"\"time\":1795514460000,\"next\":0", "\"next\":0,\"time\":1795514460000"},
	    {"\"files\":{", "\"executable\":{"},
	    {"\"files\":{", "\"config\":{"},
	    {"}}},\"notice\"", "},}},\"notice\""},
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
	    parse_changed("report-draft.json", "\"size\":89", "\"size\":90"), ERR_MISMATCH);
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
	REFUSED(r.extensions = V("{}"));
	REFUSED(r.extensions = V("{\"a\":1}}"));
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
	    cmocka_unit_test(other_spellings_are_refused),
	    cmocka_unit_test(wrong_values_are_refused),
	    cmocka_unit_test(a_bundle_that_is_not_the_named_one_is_a_mismatch),
	    cmocka_unit_test(nonce_and_offline_exclude_each_other),
	    cmocka_unit_test(a_challenge_moves_the_nonce),
	    cmocka_unit_test(extensions_of_the_bundle_are_canonical),
	    cmocka_unit_test(extensions_of_the_report_are_carried),
	    cmocka_unit_test(every_cut_and_every_changed_byte_is_refused),
	    cmocka_unit_test(what_is_no_report_is_refused),
	    cmocka_unit_test(tiers_of_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
