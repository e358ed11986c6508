/* A collector's certificate: the name in it, and its bytes as evidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "proto/evidence/identity.h"

/* By a key of its own; `names` as OpenSSL's configuration has them, or NULL for none. */
static X509 *
make(const char *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	if (names != NULL) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

		assert_non_null(e);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	return x;
}

static void
expect_identity(const char *names, const char *expected)
{
	char identity[IDENTITY_SIZE_MAX + 1];
	X509 *x = make(names);

	assert_int_equal(identity_of_certificate(x, identity), ERR_OK);
	assert_string_equal(identity, expected);
	X509_free(x);
}

static void
refuse_identity(const char *names)
{
	char identity[IDENTITY_SIZE_MAX + 1];
	X509 *x = make(names);

	assert_int_equal(identity_of_certificate(x, identity), ERR_IDENTITY);
	assert_string_equal(identity, "");
	X509_free(x);
}

static void
test_one_name_is_the_identity(void **state)
{
	(void)state;
	expect_identity("URI:spiffe://example.org/host/1", "spiffe://example.org/host/1");
	expect_identity("DNS:host1.example.org", "host1.example.org");
	expect_identity("DNS:a,DNS:b,URI:spiffe://example.org/a", "spiffe://example.org/a");
	expect_identity("IP:192.0.2.1,DNS:host1", "host1");
}

static void
test_none_or_several_are_refused(void **state)
{
	(void)state;
	refuse_identity(NULL);
	refuse_identity("IP:192.0.2.1");
	refuse_identity("DNS:a,DNS:b");
	refuse_identity("URI:spiffe://example.org/a,URI:spiffe://example.org/b");
	refuse_identity("URI:spiffe://example.org/a,URI:spiffe://example.org/b,DNS:a");
}

static void
test_a_uri_has_a_scheme(void **state)
{
	(void)state;
	expect_identity("URI:urn:x", "urn:x");
	expect_identity("URI:a+b-c.9:/", "a+b-c.9:/");
	refuse_identity("URI:host1.example.org");
	refuse_identity("URI:host1.example.org/a");
	refuse_identity("URI:://host1");
	refuse_identity("URI:9p://host1");
	refuse_identity("URI:+p://host1");
	refuse_identity("URI:a_b://host1");
	refuse_identity("URI:a/b:c");
	refuse_identity("URI:spiffe:");
	refuse_identity("URI:spiffe");
	refuse_identity("URI:spiffe://a b");
	/* Its letters stand as they are: in a path they differ. */
	expect_identity("URI:SPIFFE://Example.org/Host", "SPIFFE://Example.org/Host");
}

static void
expect_name(const char *name, const char *expected, bool valid)
{
	char identity[IDENTITY_SIZE_MAX + 1];

	assert_int_equal(identity_of_name(view_of_string(name), identity),
	    expected[0] != '\0' ? ERR_OK : ERR_IDENTITY);
	assert_string_equal(identity, expected);
	assert_int_equal(identity_is_valid(view_of_string(name)), valid);
}

static void
test_names_as_people_write_them(void **state)
{
	char name[IDENTITY_SIZE_MAX + 2];

	(void)state;
	expect_name("host1", "host1", true);
	expect_name("Host1.example", "host1.example", false);
	expect_name("spiffe://X/Host", "spiffe://X/Host", true);
	expect_name("", "", false);
	expect_name("a b", "", false);
	expect_name("a\n", "", false);
	expect_name("h\xc3\xb6st", "", false);
	expect_name(":x", "", false);
	expect_name("1:x", "", false);
	expect_name("x:", "", false);
	memset(name, 'a', sizeof(name));
	name[IDENTITY_SIZE_MAX + 1] = '\0';
	expect_name(name, "", false);
	name[IDENTITY_SIZE_MAX] = '\0';
	expect_name(name, name, true);
}

static void
test_dns_names_have_no_case(void **state)
{
	(void)state;
	expect_identity("DNS:HOST1.Example.ORG", "host1.example.org");
	expect_identity("DNS:AZ[\\]^_`az@-09", "az[\\]^_`az@-09");
	refuse_identity("DNS:spiffe://example.org/a");
	refuse_identity("DNS:host1:443");
	refuse_identity("DNS:host 1");
}

static void
test_over_long_names_are_refused(void **state)
{
	char names[4 + IDENTITY_SIZE_MAX + 2] = "URI:a:";

	(void)state;
	memset(names + 6, 'a', IDENTITY_SIZE_MAX - 1);
	refuse_identity(names);
	names[4 + IDENTITY_SIZE_MAX] = '\0';
	expect_identity(names, names + 4);
}

/* They are appended; what was there before is not of the digest. */
static void
test_bytes_are_der_and_have_its_digest(void **state)
{
	struct buf bytes = BUF_INIT;
	struct digest digest, expected;
	X509 *x = make("DNS:host1"), *again;
	const unsigned char *at;

	(void)state;
	buf_append(&bytes, "before", 6);
	assert_int_equal(identity_certificate_bytes(x, &bytes, &digest), ERR_OK);
	assert_memory_equal(bytes.data, "before", 6);
	at = bytes.data + 6;
	again = d2i_X509(NULL, &at, (long)(bytes.size - 6));
	assert_non_null(again);
	assert_ptr_equal(at, bytes.data + bytes.size);
	assert_int_equal(X509_cmp(x, again), 0);
	digest_of(bytes.data + 6, bytes.size - 6, &expected);
	assert_true(digest_equal(&digest, &expected));
	X509_free(again);
	X509_free(x);
	buf_free(&bytes);
}

static void
test_a_chain_has_the_digest_of_all(void **state)
{
	struct buf bytes = BUF_INIT, one = BUF_INIT;
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct digest digest, expected;

	(void)state;
	(void)sk_X509_push(chain, make("DNS:host1"));
	(void)sk_X509_push(chain, make("DNS:ca"));
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    identity_certificate_bytes(sk_X509_value(chain, i), &one, &digest), ERR_OK);
	digest_of(one.data, one.size, &expected);
	buf_append(&bytes, "before", 6);
	assert_int_equal(identity_chain_bytes(chain, &bytes, &digest), ERR_OK);
	assert_true(digest_equal(&digest, &expected));
	assert_int_equal(bytes.size, 6 + one.size);
	assert_memory_equal(bytes.data + 6, one.data, one.size);
	sk_X509_pop_free(chain, X509_free);
	buf_free(&bytes);
	buf_free(&one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_name_is_the_identity),
	    cmocka_unit_test(test_none_or_several_are_refused),
	    cmocka_unit_test(test_a_uri_has_a_scheme),
	    cmocka_unit_test(test_names_as_people_write_them),
	    cmocka_unit_test(test_dns_names_have_no_case),
	    cmocka_unit_test(test_over_long_names_are_refused),
	    cmocka_unit_test(test_bytes_are_der_and_have_its_digest),
	    cmocka_unit_test(test_a_chain_has_the_digest_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
