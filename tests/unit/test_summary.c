/* Verification summaries: the vector, which another implementation has made, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "proto/summary/summary.h"
#include "tests/lib/vectors.h"

#define V(s) VIEW_LITERAL(s)

static EVP_PKEY *
key_of(const char *name)
{
	struct buf pem = BUF_INIT;
	EVP_PKEY *key;
	BIO *bio;

	vector_file(name, &pem);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	if ((key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)) == NULL) {
		X509 *certificate;

		(void)BIO_reset(bio);
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		assert_non_null(certificate);
		key = X509_get_pubkey(certificate);
		X509_free(certificate);
	}
	BIO_free(bio);
	buf_free(&pem);
	return key;
}

static void
expect_text(struct view found, const char *expected)
{
	assert_int_equal(found.size, strlen(expected));
	assert_memory_equal(found.data, expected, found.size);
}

static void
read_vector(struct summary_document *d)
{
	struct buf envelope = BUF_INIT;

	vector_file("summary-start.json", &envelope);
	assert_int_equal(summary_parse(buf_view(&envelope), d), ERR_OK);
	buf_free(&envelope);
}

static void
the_vector_is_read(void **state)
{
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	const struct summary *s = &d.summary;
	struct digest program;

	(void)state;
	read_vector(&d);
	expect_text(s->workload, "trading-app");
	expect_text(s->collector, "spiffe://example/collector/host-1");
	expect_text(s->log, "hallmark.example/prod-1");
	expect_text(s->verifier, "https://attest.example");
	expect_text(s->developer, "https://example.com");
	expect_text(s->build, "hallmark-signer/0.1.0");
	expect_text(s->resource, "https://example.com/workloads/trading-app");
	expect_text(s->policy, "https://example.com/policies/trading");
	assert_int_equal(s->index, 1);
	assert_int_equal(s->verified_s, 1795514401);
	assert_int_equal(s->status, REPORT_AFFIRMING);
	assert_int_equal(s->artifact.form, BUNDLE_ARTIFACT_FILE);
	digest_of("the program", 11, &program);
	assert_true(digest_equal(&s->artifact.digest, &program));
	summary_document_free(&d);
}

static void
what_is_read_is_written_the_same(void **state)
{
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	struct buf envelope = BUF_INIT, payload = BUF_INIT, again = BUF_INIT;

	(void)state;
	vector_file("summary-start.json", &envelope);
	read_vector(&d);
	assert_int_equal(summary_write_payload(&d.summary, &payload), ERR_OK);
	assert_true(view_equal(buf_view(&payload), buf_view(&d.payload)));
	assert_int_equal(
	    summary_write_envelope(buf_view(&payload), &d.key_id, buf_view(&d.signature), &again),
	    ERR_OK);
	assert_true(view_equal(buf_view(&again), buf_view(&envelope)));
	buf_free(&envelope);
	buf_free(&payload);
	buf_free(&again);
	summary_document_free(&d);
}

static void
the_logs_key_has_signed_it_and_no_other(void **state)
{
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	EVP_PKEY *key = key_of("wire-signer.pem"), *other = key_of("wire-collector.pem");

	(void)state;
	read_vector(&d);
	assert_int_equal(summary_verify(&d, key), ERR_OK);
	assert_int_equal(summary_verify(&d, other), ERR_UNKNOWN_KEY);
	assert_int_equal(summary_key_id(other, &d.key_id), ERR_OK);
	assert_int_equal(summary_verify(&d, other), ERR_SIGNATURE);
	assert_int_equal(summary_key_id(key, &d.key_id), ERR_OK);
	d.payload.data[d.payload.size / 2] ^= 1;
	assert_int_equal(summary_verify(&d, key), ERR_SIGNATURE);
	d.payload.data[d.payload.size / 2] ^= 1;
	d.signature.data[d.signature.size - 1] ^= 1;
	assert_int_equal(summary_verify(&d, key), ERR_SIGNATURE);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	summary_document_free(&d);
}

/* By a key made for the test, as the token makes it: with the algorithm's padding and hash. */
static void
expect_verified(EVP_PKEY *key, const EVP_MD *hash, bool pss, enum err expected)
{
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf message = BUF_INIT;
	uint8_t signature[1024];
	size_t size = sizeof(signature);
	EVP_PKEY_CTX *how;

	read_vector(&d);
	summary_signed_bytes(buf_view(&d.payload), &message);
	assert_int_equal(EVP_DigestSignInit(ctx, &how, hash, NULL, key), 1);
	if (pss) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, signature, &size, message.data, message.size), 1);
	buf_clear(&d.signature);
	buf_append(&d.signature, signature, size);
	assert_int_equal(summary_key_id(key, &d.key_id), ERR_OK);
	assert_int_equal(summary_verify(&d, key), expected);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	buf_free(&message);
	summary_document_free(&d);
}

static void
keys_sign_as_tokens_have_it(void **state)
{
	(void)state;
	expect_verified(EVP_EC_gen("P-256"), EVP_sha256(), false, ERR_OK);
	expect_verified(EVP_EC_gen("P-256"), EVP_sha384(), false, ERR_SIGNATURE);
	expect_verified(EVP_EC_gen("P-384"), EVP_sha384(), false, ERR_OK);
	expect_verified(EVP_EC_gen("P-384"), EVP_sha256(), false, ERR_SIGNATURE);
	expect_verified(EVP_RSA_gen(2048), EVP_sha256(), false, ERR_OK);
	expect_verified(EVP_RSA_gen(2048), EVP_sha256(), true, ERR_OK);
	expect_verified(EVP_RSA_gen(2048), EVP_sha384(), true, ERR_SIGNATURE);
	expect_verified(EVP_RSA_gen(2048), EVP_sha384(), false, ERR_SIGNATURE);
}

static enum err
parse_payload(struct view payload, struct summary_document *d)
{
	struct buf envelope = BUF_INIT;
	struct digest key;
	enum err e;

	digest_of("key", 3, &key);
	assert_int_equal(summary_write_envelope(payload, &key, V("signature"), &envelope), ERR_OK);
	e = summary_parse(buf_view(&envelope), d);
	buf_free(&envelope);
	return e;
}

/* Each is one thing changed: another spelling, another order, a value that is none. */
static void
no_other_payload_is_read(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
	    {"{\"_type\"", " {\"_type\""},
	    {"Statement/v1", "Statement/v2"},
	    {"Statement/v1", "Statement/v0.1"},
	    {"verification_summary/v1", "verification_summary/v0.2"},
	    {"verification_summary/v1", "provenance/v1"},
	    {"\"subject\":[{", "\"subject\":[{},{"},
	    {"\"name\":\"trading-app\"", "\"name\":\"\""},
	    {"\"name\":\"trading-app\"", "\"name\":\"trading\\u002dapp\""},
	    {"\"name\":\"trading-app\"", "\"name\":\"trading\\napp\""},
	    {"50fda2", "50FDA2"},
	    {"50fda2", "50fda"},
	    {"\"sha256\":\"50", "\"sha512\":\"50"},
	    {"\"hallmark.artifact\":\"file\"", "\"hallmark.artifact\":\"files\""},
	    {"\"hallmark.artifact\":\"file\"", "\"hallmark.artifact\":\"\""},
	    {"\"hallmark.index\":1", "\"hallmark.index\":01"},
	    {"\"hallmark.index\":1", "\"hallmark.index\":-1"},
	    {"\"hallmark.index\":1", "\"hallmark.index\":9007199254740992"},
	    {"\"hallmark.index\":1,", ""},
	    {"\"affirming\"", "\"good\""},
	    {"\"affirming\"", "\"warning\""}, /* which is not PASSED */
	    {"\"PASSED\"", "\"FAILED\""},     /* what is affirming */
	    {"_UNEVALUATED", "_3"},
	    {"\"SLSA_BUILD_LEVEL_UNEVALUATED\"", "\"FAILED\""},
	    {"\"SLSA_BUILD_LEVEL_UNEVALUATED\"", ""},
	    {"2026-11-24T10:00:01Z", "2026-11-24T10:00:01+00:00"},
	    {"2026-11-24T10:00:01Z", "2026-11-24"},
	    {"2026-11-24T10:00:01Z", "1795514401"},
	    {"\"https://attest.example\"", "\"\""},
	    {"\"inputAttestations\":[{", "\"inputAttestations\":[{},{"},
	    {"\"}}]", "\"}}],\"dependencyLevels\":{}"},
	    {"\"]}}", "\"]}} "},
	    {"\"]}}", "\"],\"slsaVersion\":\"1.0\"}}"},
	    {"\"]}}", "\"]}"},
	};
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	struct buf payload = BUF_INIT;

	(void)state;
	vector_file("summary-start.payload", &payload);
	assert_int_equal(parse_payload(buf_view(&payload), &d), ERR_OK);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		buf_clear(&payload);
		vector_changed("summary-start.payload", changes[i].from, changes[i].to, &payload);
		if (parse_payload(buf_view(&payload), &d) != ERR_FORMAT)
			fail_msg("%s for %s is read", changes[i].to, changes[i].from);
	}
	buf_free(&payload);
	summary_document_free(&d);
}

static void
no_other_envelope_is_read(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
	    {"vnd.in-toto+json", "vnd.hallmark.statement+json"},
	    {"{\"payloadType\"", "{ \"payloadType\""},
	    {"\"payload\":\"ey", "\"payload\":\" ey"},
	    {"\"payload\":\"eyJ", "\"payload\":\"eyJf"},
	    {"fQ==\"", "fQ=\""},
	    {"fQ==\"", "fR==\""},
	    {"\"keyid\":\"00", "\"keyid\":\""},
	    {"\"keyid\":", "\"keyId\":"},
	    {"\"signatures\":[", "\"signatures\":[{},"},
	    {"\"sig\":\"", "\"sig\":\"\",\"x\":\""},
	    {"\"}]}", "\"}]}\n"},
	    {"\"}]}", "\"}]"},
	    {"\"}]}", "\"},{}]}"},
	};
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	struct buf envelope = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		buf_clear(&envelope);
		vector_changed("summary-start.json", changes[i].from, changes[i].to, &envelope);
		if (summary_parse(buf_view(&envelope), &d) != ERR_FORMAT)
			fail_msg("%s for %s is read", changes[i].to, changes[i].from);
	}
	assert_int_equal(summary_parse(V(""), &d), ERR_FORMAT);
	while (envelope.size <= SUMMARY_SIZE_MAX)
		buf_append_byte(&envelope, ' ');
	assert_int_equal(summary_parse(buf_view(&envelope), &d), ERR_FORMAT_SIZE);
	buf_free(&envelope);
	summary_document_free(&d);
}

static void
a_summary_has_an_artifact_and_a_bound(void **state)
{
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	struct buf payload = BUF_INIT, to = BUF_INIT;
	struct digest key;

	(void)state;
	read_vector(&d);
	d.summary.artifact.form = BUNDLE_ARTIFACT_NONE;
	assert_int_equal(summary_write_payload(&d.summary, &payload), ERR_FORMAT);
	assert_int_equal(payload.size, 0);
	while (payload.size <= SUMMARY_SIZE_MAX)
		buf_append_byte(&payload, 'x');
	digest_of("key", 3, &key);
	buf_append_string(&to, "before");
	assert_int_equal(
	    summary_write_envelope(buf_view(&payload), &key, V("s"), &to), ERR_FORMAT_SIZE);
	assert_int_equal(to.size, 6);
	buf_free(&payload);
	buf_free(&to);
	summary_document_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vector_is_read),
	    cmocka_unit_test(what_is_read_is_written_the_same),
	    cmocka_unit_test(the_logs_key_has_signed_it_and_no_other),
	    cmocka_unit_test(keys_sign_as_tokens_have_it),
	    cmocka_unit_test(no_other_payload_is_read),
	    cmocka_unit_test(no_other_envelope_is_read),
	    cmocka_unit_test(a_summary_has_an_artifact_and_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
