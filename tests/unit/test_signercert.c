/* The certificate of a log's key: what it names, when it holds, whose notes it opens. */
#include "tests/unit/audit_fixture.h"

#include <openssl/x509v3.h>

#define ORIGIN "hallmark.example/prod-1"

static void
add_san(X509 *x509, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void
test_the_common_name_names_the_origin(void **state)
{
	struct signercert *c = fixture_certificate(ORIGIN);

	(void)state;
	assert_true(signercert_names_origin(c, ORIGIN));
	assert_false(signercert_names_origin(c, "hallmark.example/prod-2"));
	assert_false(signercert_names_origin(c, "hallmark.example/prod-11"));
	assert_false(signercert_names_origin(c, ""));
	signercert_free(&c);
	assert_null(c);
}

static void
test_an_alternative_name_names_the_origin(void **state)
{
	X509 *x509 = fixture_x509("Example Bank");
	struct signercert *c;

	(void)state;
	add_san(x509, "email:" ORIGIN ",DNS:log.example,URI:" ORIGIN);
	assert_int_equal(signercert_from_x509(x509, "signer.crt", &c), ERR_OK);
	assert_true(signercert_names_origin(c, ORIGIN));
	assert_true(signercert_names_origin(c, "log.example"));
	assert_false(signercert_names_origin(c, "Example"));
	signercert_free(&c);
	X509_free(x509);
}

/* As the ceremony writes it: an origin is a URL without its scheme. */
static void
test_a_uri_names_the_origin_behind_its_scheme(void **state)
{
	static const struct {
		const char *name;
		bool names;
	} san[] = {{"URI:https://" ORIGIN, true}, {"URI:https://" ORIGIN "/", false},
	    {"URI:http://" ORIGIN, false}, {"URI:https://x." ORIGIN, false},
	    {"DNS:https://" ORIGIN, false}, {"URI:https://", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(san) / sizeof(san[0]); i++) {
		X509 *x509 = fixture_x509("Example Bank");
		struct signercert *c;

		add_san(x509, san[i].name);
		assert_int_equal(signercert_from_x509(x509, "signer.crt", &c), ERR_OK);
		assert_int_equal(signercert_names_origin(c, ORIGIN), san[i].names);
		signercert_free(&c);
		X509_free(x509);
	}
}

static void
test_an_address_is_no_name(void **state)
{
	X509 *x509 = fixture_x509("Example Bank");
	struct signercert *c;

	(void)state;
	add_san(x509, "email:" ORIGIN);
	assert_int_equal(signercert_from_x509(x509, "signer.crt", &c), ERR_OK);
	assert_false(signercert_names_origin(c, ORIGIN));
	signercert_free(&c);
	X509_free(x509);
}

static void
test_a_name_with_a_nul_inside_is_not_the_part_before(void **state)
{
	static const unsigned char name[] = ORIGIN "\0.evil";
	X509 *x509 = fixture_x509("x");
	struct signercert *c;

	(void)state;
	assert_int_equal(X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName,
			     MBSTRING_UTF8, name, sizeof(name) - 1, -1, 0),
	    1);
	assert_int_equal(signercert_from_x509(x509, "signer.crt", &c), ERR_OK);
	assert_false(signercert_names_origin(c, ORIGIN));
	signercert_free(&c);
	X509_free(x509);
}

static void
test_dates(void **state)
{
	struct signercert *c = fixture_certificate(ORIGIN);

	(void)state;
	assert_true(signercert_valid_at(c, 1795514401));
	assert_true(signercert_valid_at(c, 1795517999));
	assert_false(signercert_valid_at(c, 1795514399));
	assert_false(signercert_valid_at(c, 1795518001));
	assert_false(signercert_valid_at(c, 0));
	assert_non_null(strstr(signercert_description(c),
	    "EC P-256, CN = " ORIGIN ", valid from 2026-11-24T10:00:00Z to 2026-11-24T11:00:00Z"));
	signercert_free(&c);
}

static void
test_other_keys_are_refused(void **state)
{
	static const char *const types[] = {"P-521", "secp256k1", "brainpoolP256r1"};
	struct signercert *c;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		X509 *x509 = X509_new();
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", types[i]);

		assert_int_equal(X509_set_pubkey(x509, key), 1);
		assert_int_equal(signercert_from_x509(x509, "x", &c), ERR_UNSUPPORTED);
		assert_null(c);
		EVP_PKEY_free(key);
		X509_free(x509);
	}
}

static void
expect_description(const char *type, const char *curve, const char *expected)
{
	EVP_PKEY *key = curve != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, type, curve)
				      : EVP_PKEY_Q_keygen(NULL, NULL, type);
	struct signercert *c;

	assert_int_equal(signercert_from_key(key, "x", &c), ERR_OK);
	assert_string_equal(signercert_description(c), expected);
	signercert_free(&c);
	EVP_PKEY_free(key);
}

static void
test_keys_are_described(void **state)
{
	(void)state;
	expect_description("EC", "P-256", "EC P-256, a public key without name and dates");
	expect_description("EC", "P-384", "EC P-384, a public key without name and dates");
	expect_description("ED25519", NULL, "Ed25519, a public key without name and dates");
}

static void
test_a_certificate_without_a_key_is_refused(void **state)
{
	X509 *x509 = X509_new();
	struct signercert *c;

	(void)state;
	assert_int_equal(signercert_from_x509(x509, "x", &c), ERR_UNSUPPORTED);
	X509_free(x509);
}

static void
test_files_that_are_no_certificate(void **state)
{
	struct fixture *f = *state;
	struct signercert *c;
	char path[256];

	fixture_write(
	    f, "key.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", 58);
	fixture_write(f, "empty.pem", "", 0);
	fixture_write(f, "cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n", 33);
	for (const char *const *name =
		 (const char *const[]){"key.pem", "empty.pem", "cut.pem", "absent.pem", ".", NULL};
	     *name != NULL; name++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->path, *name);
		assert_int_equal(signercert_load(path, &f->findings, &c), OUTCOME_UNKNOWN);
		assert_null(c);
		fixture_says(f, path);
	}
}

/* The note of the vectors' receipt. */
static void
test_the_verifier_takes_its_name_from_the_note(void **state)
{
	struct signercert *c = fixture_certificate("x");
	const struct signercert *by;
	struct signercerts all;
	struct buf receipt = BUF_INIT;
	struct note_verifier *v;
	struct view bytes;
	struct note n;

	(void)state;
	vector_file("wire-receipt.tlog-proof", &receipt);
	bytes = buf_view(&receipt);
	for (struct view line = {NULL, 1}; line.size > 0;)
		assert_int_equal(line_next(&bytes, &line), ERR_OK);
	assert_int_equal(note_parse(bytes, &n), ERR_OK);
	all = (struct signercerts){1, {c}};
	assert_int_equal(signercerts_verifier(&all, &n, &by, NULL, &v), ERR_OK);
	assert_ptr_equal(by, c);
	assert_string_equal(note_verifier_name(v), ORIGIN);
	assert_int_equal(note_verify(&n, v), ERR_OK);
	note_verifier_free(&v);
	n.signature[0].key_id[2] ^= 1;
	assert_int_equal(signercerts_verifier(&all, &n, NULL, NULL, &v), ERR_UNKNOWN_KEY);
	assert_null(v);
	signercert_free(&c);
	buf_free(&receipt);
}

/* The vectors' verifier key lines, as files: each opens its own note, under its own name. */
static void
test_a_verifier_key_line_names_its_log(void **state)
{
	struct fixture *f = *state;
	struct buf lines = BUF_INIT, note = BUF_INIT;
	struct note_verifier *v;
	struct signercerts all = {.count = 1};
	struct view rest, line;
	unsigned count = 0;
	struct note n;
	char path[128];

	(void)state;
	vector_file("note-keys.txt", &lines);
	vector_file("note-ed25519.note", &note);
	(void)snprintf(path, sizeof(path), "%s/log.vkey", f->path);
	for (rest = buf_view(&lines); rest.size > 0;) {
		assert_int_equal(line_next(&rest, &line), ERR_OK);
		/* With its line feed, and without. */
		fixture_write(f, "log.vkey", line.data, line.size + (size_t)(++count % 2));
		assert_int_equal(
		    signercert_load(path, &f->findings, &all.certificate[0]), OUTCOME_GOOD);
		assert_string_equal(signercert_log(all.certificate[0]), "hallmark.example/vectors");
		assert_true(signercert_is_key_alone(all.certificate[0]));
		assert_true(
		    signercert_names_origin(all.certificate[0], "hallmark.example/vectors"));
		assert_false(signercert_names_origin(all.certificate[0], "hallmark.example"));
		assert_int_equal(note_parse(buf_view(&note), &n), ERR_OK);
		if (rest.size > 0) {
			assert_int_equal(
			    signercerts_verifier(&all, &n, NULL, NULL, &v), ERR_UNKNOWN_KEY);
		} else { /* the last is that of Ed25519 */
			assert_int_equal(signercerts_verifier(&all, &n, NULL, NULL, &v), ERR_OK);
			assert_int_equal(note_verify(&n, v), ERR_OK);
			note_verifier_free(&v);
			/* Under another name it is not its. */
			n.signature[0].name.size--;
			assert_int_equal(
			    signercerts_verifier(&all, &n, NULL, NULL, &v), ERR_UNKNOWN_KEY);
		}
		signercerts_free(&all);
		all.count = 1;
	}
	/* Two lines are none, and neither is one with another's key ID. */
	fixture_write(f, "log.vkey", lines.data, lines.size);
	assert_int_equal(signercert_load(path, &f->findings, &all.certificate[0]), OUTCOME_UNKNOWN);
	fixture_says(f, "a verifier key (NAME+HASH+KEY)");
	*(uint8_t *)memchr(lines.data, '+', lines.size) = '-';
	fixture_write(f, "log.vkey", lines.data,
	    (size_t)((uint8_t *)memchr(lines.data, '\n', lines.size) - lines.data));
	assert_int_equal(signercert_load(path, &f->findings, &all.certificate[0]), OUTCOME_UNKNOWN);
	buf_free(&lines);
	buf_free(&note);
}

static struct signercert *
key_alone(const char *path)
{
	X509 *x509 = fixture_x509("x");
	struct signercert *c;

	assert_int_equal(signercert_from_key(X509_get0_pubkey(x509), path, &c), ERR_OK);
	X509_free(x509);
	return c;
}

static void
test_a_key_alone_names_nothing_and_has_no_dates(void **state)
{
	struct signercert *c = key_alone("signer.pub");

	(void)state;
	assert_true(signercert_is_key_alone(c));
	assert_false(signercert_names_origin(c, ORIGIN));
	assert_true(signercert_valid_at(c, 0));
	assert_true(signercert_valid_at(c, 1));
	assert_string_equal(
	    signercert_description(c), "EC P-256, a public key without name and dates");
	signercert_free(&c);
}

/* The file as it stands on a disk, which has to be this key's. */
static void
one_form(struct fixture *f, const unsigned char *bytes, int size, bool alone)
{
	struct signercert *c, *same = key_alone("x");
	char path[128];

	assert_true(size > 0);
	fixture_write(f, "key", bytes, (size_t)size);
	(void)snprintf(path, sizeof(path), "%s/key", f->path);
	assert_int_equal(signercert_load(path, &f->findings, &c), OUTCOME_GOOD);
	assert_int_equal(signercert_is_key_alone(c), alone);
	assert_int_equal(EVP_PKEY_eq(signercert_key(c), signercert_key(same)), 1);
	signercert_free(&c);
	/* More behind it is another file. */
	if (bytes[0] == 0x30) {
		unsigned char *more = malloc((size_t)size + 1);

		assert_non_null(more);
		memcpy(more, bytes, (size_t)size);
		more[size] = 0;
		fixture_write(f, "key", more, (size_t)size + 1);
		assert_int_equal(signercert_load(path, &f->findings, &c), OUTCOME_UNKNOWN);
		fixture_says(f, "expected a certificate or a public key, in PEM");
		free(more);
	}
	signercert_free(&same);
}

static void
test_certificates_and_keys_in_pem_and_der(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *issuer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x509 = fixture_x509(ORIGIN);
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *pem;
	int size;

	assert_true(X509_sign(x509, issuer, EVP_sha256()) > 0);
	size = i2d_X509(x509, &der);
	one_form(f, der, size, false);
	OPENSSL_free(der);
	der = NULL;
	size = i2d_PUBKEY(X509_get0_pubkey(x509), &der);
	one_form(f, der, size, true);
	OPENSSL_free(der);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, X509_get0_pubkey(x509)), 1);
	size = (int)BIO_get_mem_data(bio, &pem);
	one_form(f, (const unsigned char *)pem, size, true);
	/* The certificate counts, wherever it stands. */
	assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
	size = (int)BIO_get_mem_data(bio, &pem);
	one_form(f, (const unsigned char *)pem, size, false);
	BIO_free(bio);
	X509_free(x509);
	EVP_PKEY_free(issuer);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_the_common_name_names_the_origin),
	    TEST(test_an_alternative_name_names_the_origin),
	    TEST(test_a_uri_names_the_origin_behind_its_scheme),
	    TEST(test_an_address_is_no_name),
	    TEST(test_a_name_with_a_nul_inside_is_not_the_part_before),
	    TEST(test_dates),
	    TEST(test_other_keys_are_refused),
	    TEST(test_a_certificate_without_a_key_is_refused),
	    TEST(test_files_that_are_no_certificate),
	    TEST(test_the_verifier_takes_its_name_from_the_note),
	    TEST(test_keys_are_described),
	    TEST(test_a_verifier_key_line_names_its_log),
	    TEST(test_a_key_alone_names_nothing_and_has_no_dates),
	    TEST(test_certificates_and_keys_in_pem_and_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
