/* Timestamps (RFC 3161): what a query's reply has to be. The authority is made here, of OpenSSL. */
#include "register/witness/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400

static const struct view bytes = {(const uint8_t *)"a checkpoint\n", 13};
static const struct view others = {(const uint8_t *)"another one\n", 12};

struct authority {
	EVP_PKEY *ca_key, *key;
	X509 *ca, *certificate;
	char path[64]; /* of the CA */
	struct timestamp_trust *trust;
	struct timestamp_query *query;
};

static X509 *
certificate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *name, long until_s)
{
	X509 *c = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL,
	    issuer == NULL ? NID_basic_constraints : NID_ext_key_usage,
	    issuer == NULL ? "critical,CA:TRUE" : "critical,timeStamping");

	assert_non_null(c);
	assert_non_null(e);
	assert_int_equal(X509_set_version(c, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), 7), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(c), -2L * DAY_S));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), until_s));
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
			     (const unsigned char *)name, -1, -1, 0),
	    1);
	assert_int_equal(
	    X509_set_issuer_name(c, X509_get_subject_name(issuer != NULL ? issuer : c)), 1);
	assert_int_equal(X509_set_pubkey(c, key), 1);
	assert_int_equal(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(c, issuer_key, EVP_sha256()) > 0);
	return c;
}

static void
begin(struct authority *a, long until_s)
{
	FILE *file;
	int fd;

	memset(a, 0, sizeof(*a));
	a->ca_key = EVP_EC_gen("P-256");
	a->key = EVP_EC_gen("P-256");
	a->ca = certificate(a->ca_key, NULL, a->ca_key, "ca", DAY_S);
	a->certificate = certificate(a->key, a->ca, a->ca_key, "tsa", until_s);
	(void)snprintf(a->path, sizeof(a->path), "/tmp/hallmark-test-XXXXXX");
	assert_true((fd = mkstemp(a->path)) >= 0);
	assert_non_null(file = fdopen(fd, "w"));
	assert_int_equal(PEM_write_X509(file, a->ca), 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(timestamp_trust_load(a->path, &a->trust), ERR_OK);
	assert_int_equal(timestamp_query_new(bytes, &a->query), ERR_OK);
}

static void
end(struct authority *a)
{
	timestamp_trust_free(&a->trust);
	timestamp_query_free(&a->query);
	(void)unlink(a->path);
	X509_free(a->ca);
	X509_free(a->certificate);
	EVP_PKEY_free(a->ca_key);
	EVP_PKEY_free(a->key);
}

static ASN1_INTEGER *
next_serial(TS_RESP_CTX *authority, void *unused)
{
	ASN1_INTEGER *one = ASN1_INTEGER_new();

	(void)authority;
	(void)unused;
	assert_int_equal(ASN1_INTEGER_set(one, 1), 1);
	return one;
}

/* What the authority answers; `refuses`: it takes no SHA-256. */
static void
reply_to(struct authority *a, const struct buf *query, bool refuses, struct buf *reply)
{
	TS_RESP_CTX *c = TS_RESP_CTX_new();
	ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4", 1);
	BIO *asked = BIO_new_mem_buf(query->data, (int)query->size);
	unsigned char *der = NULL;
	TS_RESP *response;
	int size;

	TS_RESP_CTX_set_serial_cb(c, next_serial, NULL);
	assert_int_equal(TS_RESP_CTX_set_signer_cert(c, a->certificate), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_key(c, a->key), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_digest(c, EVP_sha256()), 1);
	assert_int_equal(TS_RESP_CTX_set_ess_cert_id_digest(c, EVP_sha256()), 1);
	assert_int_equal(TS_RESP_CTX_set_def_policy(c, policy), 1);
	assert_int_equal(TS_RESP_CTX_add_md(c, refuses ? EVP_sha512() : EVP_sha256()), 1);
	response = TS_RESP_create_response(c, asked);
	assert_non_null(response);
	size = i2d_TS_RESP(response, &der);
	assert_true(size > 0);
	buf_append(reply, der, (size_t)size);
	OPENSSL_free(der);
	TS_RESP_free(response);
	BIO_free(asked);
	ASN1_OBJECT_free(policy);
	TS_RESP_CTX_free(c);
}

static void
reply_to_query(
    struct authority *a, const struct timestamp_query *q, bool refuses, struct buf *reply)
{
	struct buf query = BUF_INIT;

	assert_int_equal(timestamp_query_write(q, &query), ERR_OK);
	reply_to(a, &query, refuses, reply);
	buf_free(&query);
}

static void
expect(struct authority *a, struct buf *reply, enum err expected, const char *words)
{
	char why[TIMESTAMP_WHY_SIZE];

	assert_int_equal(timestamp_check(a->query, a->trust, buf_view(reply), why), expected);
	assert_non_null(strstr(why, words));
	assert_int_equal(why[0] == '\0', expected == ERR_OK);
	buf_free(reply);
}

static void
test_a_reply_to_the_query_is_good(void **state)
{
	struct authority a;
	struct buf reply = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	for (int i = 0; i < 2; i++) { /* the CAs are there for the next one too */
		reply_to_query(&a, a.query, false, &reply);
		expect(&a, &reply, ERR_OK, "");
	}
	end(&a);
}

static void
test_a_query_says_sha256_a_nonce_and_that_it_wants_the_certificate(void **state)
{
	struct timestamp_query *one, *two;
	struct buf first = BUF_INIT, second = BUF_INIT;
	const unsigned char *at;
	TS_REQ *request;

	(void)state;
	assert_int_equal(timestamp_query_new(bytes, &one), ERR_OK);
	assert_int_equal(timestamp_query_new(bytes, &two), ERR_OK);
	assert_int_equal(timestamp_query_write(one, &first), ERR_OK);
	assert_int_equal(timestamp_query_write(two, &second), ERR_OK);
	assert_false(view_equal(buf_view(&first), buf_view(&second)));
	at = first.data;
	request = d2i_TS_REQ(NULL, &at, (long)first.size);
	assert_non_null(request);
	assert_int_equal(TS_REQ_get_cert_req(request), 1);
	assert_non_null(TS_REQ_get_nonce(request));
	TS_REQ_free(request);
	buf_free(&first);
	buf_free(&second);
	timestamp_query_free(&one);
	timestamp_query_free(&two);
}

static void
test_a_reply_to_another_query_is_refused(void **state)
{
	struct timestamp_query *another;
	struct authority a;
	struct buf reply = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	assert_int_equal(timestamp_query_new(bytes, &another), ERR_OK);
	reply_to_query(&a, another, false, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "nonce mismatch");
	timestamp_query_free(&another);
	assert_int_equal(timestamp_query_new(others, &another), ERR_OK);
	reply_to_query(&a, another, false, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "message imprint mismatch");
	timestamp_query_free(&another);
	end(&a);
}

/* The query as it was asked, but for one thing that a liar leaves out. */
static void
alter_query(const struct timestamp_query *q, bool without_nonce, struct buf *out)
{
	struct buf query = BUF_INIT;
	const unsigned char *at;
	unsigned char *der = NULL;
	TS_REQ *request, *altered = TS_REQ_new();
	int size;

	assert_int_equal(timestamp_query_write(q, &query), ERR_OK);
	at = query.data;
	request = d2i_TS_REQ(NULL, &at, (long)query.size);
	assert_non_null(request);
	assert_int_equal(TS_REQ_set_version(altered, 1), 1);
	assert_int_equal(TS_REQ_set_msg_imprint(altered, TS_REQ_get_msg_imprint(request)), 1);
	assert_int_equal(TS_REQ_set_cert_req(altered, without_nonce), 1);
	if (!without_nonce)
		assert_int_equal(TS_REQ_set_nonce(altered, TS_REQ_get_nonce(request)), 1);
	size = i2d_TS_REQ(altered, &der);
	assert_true(size > 0);
	buf_append(out, der, (size_t)size);
	OPENSSL_free(der);
	TS_REQ_free(request);
	TS_REQ_free(altered);
	buf_free(&query);
}

static void
test_a_reply_without_its_certificate_is_refused(void **state)
{
	struct authority a;
	struct buf reply = BUF_INIT, query = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	alter_query(a.query, false, &query);
	reply_to(&a, &query, false, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "");
	buf_free(&query);
	end(&a);
}

static void
test_another_authority_is_not_believed(void **state)
{
	struct authority a, b;
	struct buf reply = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	begin(&b, DAY_S);
	reply_to_query(&b, a.query, false, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "certificate verify error");
	end(&a);
	end(&b);
}

static void
test_an_authority_whose_certificate_is_over_is_not_believed(void **state)
{
	struct authority a;
	struct buf reply = BUF_INIT;

	(void)state;
	begin(&a, -DAY_S);
	reply_to_query(&a, a.query, false, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "certificate verify error");
	end(&a);
}

static void
test_an_authority_that_declines_has_said_no_time(void **state)
{
	struct authority a;
	struct buf reply = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	reply_to_query(&a, a.query, true, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "no time stamp token");
	end(&a);
}

static void
test_a_reply_is_one_and_whole(void **state)
{
	struct authority a;
	struct buf good = BUF_INIT, reply = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	reply_to_query(&a, a.query, false, &good);
	expect(&a, &reply, ERR_FORMAT, "no reply");
	buf_append_string(&reply, "<html>it works</html>");
	expect(&a, &reply, ERR_FORMAT, "no reply");
	buf_append_view(&reply, buf_view(&good));
	buf_append_byte(&reply, 0);
	expect(&a, &reply, ERR_FORMAT, "bytes follow");
	assert_non_null(buf_reserve(&reply, TIMESTAMP_SIZE_MAX + 1));
	reply.size = TIMESTAMP_SIZE_MAX + 1;
	memset(reply.data, 0, reply.size);
	expect(&a, &reply, ERR_FORMAT_SIZE, "too long");
	for (size_t size = 1; size < good.size; size++) {
		buf_append(&reply, good.data, size);
		expect(&a, &reply, ERR_FORMAT, "no reply");
	}
	buf_free(&good);
	end(&a);
}

/* Each bit of the last bytes is of the signature. */
static void
test_a_reply_that_was_changed_is_refused(void **state)
{
	struct authority a;
	struct buf good = BUF_INIT, reply = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	reply_to_query(&a, a.query, false, &good);
	for (size_t back = 1; back <= 16; back++) {
		buf_append_view(&reply, buf_view(&good));
		reply.data[reply.size - back] ^= 1;
		expect(&a, &reply, ERR_SIGNATURE, "");
	}
	buf_free(&good);
	end(&a);
}

static void
test_whom_to_believe_has_to_be_said(void **state)
{
	struct timestamp_trust *trust;
	struct authority a;

	(void)state;
	begin(&a, DAY_S);
	assert_int_equal(timestamp_trust_load("/nowhere/ca.pem", &trust), ERR_CONFIG);
	assert_null(trust);
	assert_int_equal(timestamp_trust_load("/dev/null", &trust), ERR_CONFIG);
	assert_null(trust);
	end(&a);
}

static void
test_a_reply_without_the_nonce_is_refused(void **state)
{
	struct authority a;
	struct buf reply = BUF_INIT, query = BUF_INIT;

	(void)state;
	begin(&a, DAY_S);
	alter_query(a.query, true, &query);
	reply_to(&a, &query, false, &reply);
	expect(&a, &reply, ERR_SIGNATURE, "nonce not returned");
	buf_free(&query);
	end(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_reply_to_the_query_is_good),
	    cmocka_unit_test(test_a_query_says_sha256_a_nonce_and_that_it_wants_the_certificate),
	    cmocka_unit_test(test_a_reply_to_another_query_is_refused),
	    cmocka_unit_test(test_a_reply_without_its_certificate_is_refused),
	    cmocka_unit_test(test_a_reply_without_the_nonce_is_refused),
	    cmocka_unit_test(test_another_authority_is_not_believed),
	    cmocka_unit_test(test_an_authority_whose_certificate_is_over_is_not_believed),
	    cmocka_unit_test(test_an_authority_that_declines_has_said_no_time),
	    cmocka_unit_test(test_a_reply_is_one_and_whole),
	    cmocka_unit_test(test_a_reply_that_was_changed_is_refused),
	    cmocka_unit_test(test_whom_to_believe_has_to_be_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
