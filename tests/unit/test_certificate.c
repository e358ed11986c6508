#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/token/certificate.h"

struct fixture {
	char directory[64], path[128];
	EVP_PKEY *key;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	strcpy(f->directory, "/tmp/hallmark-certificate-XXXXXX");
	if (mkdtemp(f->directory) == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/log.crt", f->directory);
	f->key = EVP_EC_gen("P-256");
	return f->key == NULL;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->directory);
	EVP_PKEY_free(f->key);
	free(f);
	return 0;
}

/* By `key` itself, valid from `from_s` to `to_s`, seconds from now. */
static X509 *
make(EVP_PKEY *key, long from_s, long to_s)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), to_s);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static STACK_OF(X509) * make_chain(EVP_PKEY *key, int count)
{
	STACK_OF(X509) *chain = sk_X509_new_null();

	for (int i = 0; i < count; i++)
		sk_X509_push(chain, make(key, 0, 3600));
	return chain;
}

static void
write_text(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
reads_what_it_wrote(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *chain = make_chain(f->key, 3), *again;

	assert_int_equal(certificate_write(f->path, chain), ERR_OK);
	assert_int_equal(certificate_read_chain(f->path, &again), ERR_OK);
	assert_int_equal(sk_X509_num(again), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(X509_cmp(sk_X509_value(chain, i), sk_X509_value(again, i)), 0);
	certificate_free_chain(&chain);
	certificate_free_chain(&again);
	assert_null(again);
}

static void
the_first_is_the_keys(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *chain = make_chain(f->key, 2);
	X509 *x;

	assert_int_equal(certificate_write(f->path, chain), ERR_OK);
	assert_int_equal(certificate_read(f->path, &x), ERR_OK);
	assert_int_equal(X509_cmp(x, sk_X509_value(chain, 0)), 0);
	X509_free(x);
	certificate_free_chain(&chain);
}

static void
replaces_a_file_whole(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *three = make_chain(f->key, 3), *one = make_chain(f->key, 1), *again;

	assert_int_equal(certificate_write(f->path, three), ERR_OK);
	assert_int_equal(certificate_write(f->path, one), ERR_OK);
	assert_int_equal(certificate_read_chain(f->path, &again), ERR_OK);
	assert_int_equal(sk_X509_num(again), 1);
	certificate_free_chain(&three);
	certificate_free_chain(&one);
	certificate_free_chain(&again);
}

static void
refuses_a_missing_file(void **state)
{
	struct fixture *f = *state;
	X509 *x;

	assert_int_equal(certificate_read(f->path, &x), ERR_NOT_FOUND);
	assert_null(x);
}

static void
refuses_what_is_no_certificate(void **state)
{
	struct fixture *f = *state;
	static const char cut[] = "-----BEGIN CERTIFICATE-----\n";
	static const char empty[] = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
	static const char short_der[] =
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	static const char no_base64[] =
	    "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
	static const char *const texts[] = {
	    "", "not a certificate\n", cut, empty, short_der, no_base64};
	X509 *x;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(f, texts[i]);
		assert_int_equal(certificate_read(f->path, &x), ERR_FORMAT);
		assert_null(x);
	}
}

static void
refuses_a_damaged_chain(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *chain = make_chain(f->key, 1), *again;
	FILE *file;

	assert_int_equal(certificate_write(f->path, chain), ERR_OK);
	file = fopen(f->path, "ae");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
	fclose(file);
	assert_int_equal(certificate_read_chain(f->path, &again), ERR_FORMAT);
	assert_null(again);
	certificate_free_chain(&chain);
}

static void
refuses_more_than_a_chain(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *chain = make_chain(f->key, 9), *again;

	assert_int_equal(certificate_write(f->path, chain), ERR_OK);
	assert_int_equal(certificate_read_chain(f->path, &again), ERR_FORMAT);
	certificate_free_chain(&chain);
}

static void
refuses_to_write_where_it_cannot(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *chain = make_chain(f->key, 1);

	assert_int_equal(certificate_write("/nonexistent/log.crt", chain), ERR_IO);
	(void)f;
	certificate_free_chain(&chain);
}

static void
knows_its_key_from_another(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *other = EVP_EC_gen("P-256");
	X509 *x = make(f->key, 0, 3600);

	assert_int_equal(certificate_check_key("log.crt", x, f->key), ERR_OK);
	assert_int_equal(certificate_check_key("log.crt", x, other), ERR_KEY_MISMATCH);
	X509_free(x);
	EVP_PKEY_free(other);
}

static void
knows_when_it_is_valid(void **state)
{
	struct fixture *f = *state;
	STACK_OF(X509) *chain = sk_X509_new_null();

	sk_X509_push(chain, make(f->key, -3600, 3600));
	assert_true(certificate_is_current("log.crt", chain));
	sk_X509_push(chain, make(f->key, -3600, -60)); /* a CA's */
	assert_false(certificate_is_current("log.crt", chain));
	X509_free(sk_X509_shift(chain));
	assert_false(certificate_is_current("log.crt", chain));
	X509_free(sk_X509_shift(chain));
	sk_X509_push(chain, make(f->key, 60, 3600));
	assert_false(certificate_is_current("log.crt", chain));
	certificate_free_chain(&chain);
}

/* A certificate of `subject`, issued by `issuer`, whose key is `by`. */
static X509 *
issue(const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *by, const char *constraints)
{
	X509 *x = make(key, 0, 3600);
	X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, constraints);

	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)subject, -1, -1, 0);
	X509_NAME_add_entry_by_txt(
	    X509_get_issuer_name(x), "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1, -1, 0);
	assert_int_equal(X509_add_ext(x, ca, -1), 1);
	assert_true(X509_sign(x, by, EVP_sha256()) > 0);
	X509_EXTENSION_free(ca);
	return x;
}

/* Takes references on those that are not NULL. */
static enum err
order_of(X509 *first, X509 *second, X509 *third)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *all[] = {first, second, third};
	enum err e;

	for (size_t i = 0; i < 3; i++)
		if (all[i] != NULL && X509_up_ref(all[i]) == 1)
			sk_X509_push(chain, all[i]);
	e = certificate_check_order("log.crt", chain);
	certificate_free_chain(&chain);
	return e;
}

static void
a_chain_has_one_order(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *key[2] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-256")};
	X509 *own = issue("log", f->key, "issuing", key[0], "CA:FALSE");
	X509 *issuing = issue("issuing", key[0], "root", key[1], "CA:TRUE");
	X509 *root = issue("root", key[1], "root", key[1], "CA:TRUE");
	X509 *twin = issue("issuing", key[1], "root", key[1], "CA:TRUE");
	X509 *none = issue("issuing", key[0], "root", key[1], "CA:FALSE");

	assert_int_equal(order_of(own, NULL, NULL), ERR_OK);
	assert_int_equal(order_of(own, issuing, NULL), ERR_OK);
	assert_int_equal(order_of(own, issuing, root), ERR_OK);
	assert_int_equal(order_of(own, root, issuing), ERR_MISMATCH);
	assert_int_equal(order_of(own, root, NULL), ERR_MISMATCH);
	assert_int_equal(order_of(own, twin, root), ERR_MISMATCH); /* another key of this name */
	assert_int_equal(order_of(own, none, root), ERR_MISMATCH); /* no CA */
	assert_int_equal(order_of(own, issuing, issuing), ERR_MISMATCH);
	X509_free(own);
	X509_free(issuing);
	X509_free(root);
	X509_free(twin);
	X509_free(none);
	EVP_PKEY_free(key[0]);
	EVP_PKEY_free(key[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reads_what_it_wrote),
	    TEST(the_first_is_the_keys),
	    TEST(replaces_a_file_whole),
	    TEST(refuses_a_missing_file),
	    TEST(refuses_what_is_no_certificate),
	    TEST(refuses_a_damaged_chain),
	    TEST(refuses_more_than_a_chain),
	    TEST(refuses_to_write_where_it_cannot),
	    TEST(knows_its_key_from_another),
	    TEST(knows_when_it_is_valid),
	    TEST(a_chain_has_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
