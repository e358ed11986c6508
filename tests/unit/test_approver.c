/* Approvers' keys, named by their id or by a file. */
#include "tests/unit/audit_fixture.h"

#include "log/approver.h"
#include "proto/statement/statement_key.h"

static void
write_pem(const struct fixture *f, const char *name, const char *before, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long size;

	(void)BIO_puts(bio, before);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	size = BIO_get_mem_data(bio, &text);
	fixture_write(f, name, text, (size_t)size);
	BIO_free(bio);
}

static struct digest
id_of(EVP_PKEY *key)
{
	struct statement_key *k;
	struct digest id;

	assert_int_equal(statement_key_from_held(key, &k), ERR_OK);
	id = *statement_key_id(k);
	statement_key_free(&k);
	return id;
}

static char *
path_of(const struct fixture *f, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return path;
}

static void
test_an_id_is_itself(void **state)
{
	struct fixture *f = *state;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest id, read;

	memset(id.bytes, 0xa5, DIGEST_SIZE);
	digest_to_hex(&id, hex);
	assert_int_equal(approver_read(hex, &f->findings, &read), OUTCOME_GOOD);
	assert_true(digest_equal(&id, &read));
}

static void
named_by_its_file(struct fixture *f, const char *before, EVP_PKEY *key)
{
	struct digest id = id_of(key), read;

	write_pem(f, "key.pem", before, key);
	assert_int_equal(approver_read(path_of(f, "key.pem"), &f->findings, &read), OUTCOME_GOOD);
	assert_true(digest_equal(&id, &read));
	assert_string_equal(fixture_output(f), "");
	EVP_PKEY_free(key);
}

static void
test_a_public_key_is_named_by_its_file(void **state)
{
	named_by_its_file(*state, "", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	named_by_its_file(*state, "who: ann\n", EVP_EC_gen("P-384"));
}

static void
test_a_certificate_is_named_by_its_file(void **state)
{
	struct fixture *f = *state;
	X509 *x509 = fixture_x509("ann");
	struct digest id = id_of(X509_get0_pubkey(x509)), read;
	EVP_PKEY *signer = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long size;

	assert_true(X509_sign(x509, signer, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
	size = BIO_get_mem_data(bio, &text);
	fixture_write(f, "ann.crt", text, (size_t)size);
	assert_int_equal(approver_read(path_of(f, "ann.crt"), &f->findings, &read), OUTCOME_GOOD);
	assert_true(digest_equal(&id, &read));
	BIO_free(bio);
	EVP_PKEY_free(signer);
	X509_free(x509);
}

static void
refused(struct fixture *f, const char *name, const char *words)
{
	struct digest read;

	assert_int_equal(approver_read(name, &f->findings, &read), OUTCOME_UNKNOWN);
	fixture_says(f, words);
}

static void
refused_text(struct fixture *f, const char *text)
{
	fixture_write(f, "text", text, strlen(text));
	refused(f, path_of(f, "text"), "expected a public key or a certificate in PEM");
}

static void
test_what_names_no_key(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *key = EVP_EC_gen("P-521");
	struct buf large = BUF_INIT;

	refused(
	    f, path_of(f, "absent"), "no key id of 64 hexadecimal digits, and as a file: there is");
	refused(f, f->path, "not a regular file");
	refused_text(f, "");
	refused_text(f, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	refused_text(f, "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
			"DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAA\n"
			"-----END CERTIFICATE-----\n");
	write_pem(f, "odd.pem", "", key);
	refused(f, path_of(f, "odd.pem"), "expected a key that signs statements");
	assert_non_null(buf_reserve(&large, APPROVER_SIZE_MAX + 1));
	memset(large.data, '\n', APPROVER_SIZE_MAX + 1);
	fixture_write(f, "large", large.data, APPROVER_SIZE_MAX + 1);
	refused(f, path_of(f, "large"), "and as a file");
	EVP_PKEY_free(key);
	buf_free(&large);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_an_id_is_itself),
	    TEST(test_a_public_key_is_named_by_its_file),
	    TEST(test_a_certificate_is_named_by_its_file),
	    TEST(test_what_names_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
