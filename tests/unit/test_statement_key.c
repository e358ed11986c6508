/* Keys that sign statements: which there are, their one spelling, their names, their signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "proto/statement/statement_key.h"

#define V(s) VIEW_LITERAL(s)

/* SubjectPublicKeyInfo as OpenSSL writes it. */
static void
spki_of(EVP_PKEY *key, struct buf *to)
{
	unsigned char *der = NULL;
	const int size = i2d_PUBKEY(key, &der);

	assert_true(size > 0);
	buf_clear(to);
	buf_append(to, der, (size_t)size);
	OPENSSL_free(der);
}

static void
sign(EVP_PKEY *key, const EVP_MD *hash, struct view message, struct buf *to)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = 0;

	buf_clear(to);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, hash, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, NULL, &size, message.data, message.size), 1);
	assert_int_equal(
	    EVP_DigestSign(ctx, buf_reserve(to, size), &size, message.data, message.size), 1);
	to->size = size;
	EVP_MD_CTX_free(ctx);
}

/* Takes the key over. */
static void
accept(EVP_PKEY *key, const EVP_MD *hash, const char *algorithm)
{
	struct buf spki = BUF_INIT, signature = BUF_INIT;
	struct statement_key *k, *held;
	struct digest id;

	spki_of(key, &spki);
	assert_int_equal(statement_key_from_spki(buf_view(&spki), &k), ERR_OK);
	assert_int_equal(statement_key_from_held(key, &held), ERR_OK);
	digest_of(spki.data, spki.size, &id);
	assert_true(digest_equal(statement_key_id(k), &id));
	assert_true(digest_equal(statement_key_id(held), &id));
	assert_true(view_equal(statement_key_spki(held), buf_view(&spki)));
	assert_string_equal(statement_key_algorithm(k), algorithm);
	assert_ptr_equal(statement_key_hash(k), hash);
	assert_ptr_equal(statement_key_held(held), key);

	sign(key, hash, V("a message"), &signature);
	assert_int_equal(statement_key_verify(k, V("a message"), buf_view(&signature)), ERR_OK);
	assert_int_equal(
	    statement_key_verify(k, V("A message"), buf_view(&signature)), ERR_SIGNATURE);
	assert_int_equal(statement_key_verify(k, V("a message"), V("")), ERR_SIGNATURE);
	signature.data[signature.size - 1] ^= 1;
	assert_int_equal(
	    statement_key_verify(k, V("a message"), buf_view(&signature)), ERR_SIGNATURE);
	statement_key_free(&k);
	assert_null(k);
	statement_key_free(&held);
	buf_free(&spki);
	buf_free(&signature);
	EVP_PKEY_free(key);
}

static void
refuse(struct view spki, enum err expected)
{
	struct statement_key *k;

	assert_int_equal(statement_key_from_spki(spki, &k), expected);
	assert_null(k);
}

static void
keys_of_four_kinds_are_taken(void **state)
{
	(void)state;
	accept(EVP_EC_gen("P-256"), EVP_sha256(), "ECDSA on P-256 with SHA-256");
	accept(EVP_EC_gen("P-384"), EVP_sha384(), "ECDSA on P-384 with SHA-384");
	accept(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, "Ed25519");
	accept(EVP_RSA_gen(2048), EVP_sha256(), "RSASSA-PKCS1-v1_5 with SHA-256");
}

static void
another_kind_of_key_is_refused(void **state)
{
	EVP_PKEY *keys[] = {EVP_EC_gen("P-521"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(1024),
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), EVP_PKEY_Q_keygen(NULL, NULL, "X25519")};
	struct buf spki = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		spki_of(keys[i], &spki);
		refuse(buf_view(&spki), ERR_UNSUPPORTED);
		EVP_PKEY_free(keys[i]);
	}
	buf_free(&spki);
}

/* RSA-PSS keys have their own object identifier; a signature by one would be another algorithm. */
static void
a_pss_key_is_refused(void **state)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	struct buf spki = BUF_INIT;
	EVP_PKEY *key = NULL;

	(void)state;
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	spki_of(key, &spki);
	refuse(buf_view(&spki), ERR_UNSUPPORTED);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	buf_free(&spki);
}

/* A point may be written in three ways; a key with two names could vote twice. */
static void
a_point_is_written_in_one_way(void **state)
{
	static const char *const forms[] = {"compressed", "hybrid"};
	struct buf spki = BUF_INIT;
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "point-format", forms[i]), 1);
		spki_of(key, &spki);
		refuse(buf_view(&spki), ERR_UNSUPPORTED);
	}
	EVP_PKEY_free(key);
	buf_free(&spki);
}

static void
what_is_no_key_is_refused(void **state)
{
	struct buf spki = BUF_INIT;
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	spki_of(key, &spki);
	refuse(V(""), ERR_FORMAT);
	refuse(V("not a key"), ERR_FORMAT);
	refuse((struct view){spki.data, spki.size - 1}, ERR_FORMAT);
	buf_append_byte(&spki, 0); /* behind the end */
	refuse(buf_view(&spki), ERR_FORMAT);
	spki.size--;
	spki.data[spki.size - 1] ^= 1; /* no point of the curve */
	refuse(buf_view(&spki), ERR_FORMAT);
	buf_clear(&spki);
	memset(buf_reserve(&spki, STATEMENT_KEY_SPKI_MAX + 1), 0, STATEMENT_KEY_SPKI_MAX + 1);
	spki.size = STATEMENT_KEY_SPKI_MAX + 1;
	refuse(buf_view(&spki), ERR_FORMAT);
	EVP_PKEY_free(key);
	buf_free(&spki);
}

/* BER lets a length be longer than it has to be. */
static void
another_spelling_of_a_key_is_refused(void **state)
{
	struct buf spki = BUF_INIT, other = BUF_INIT;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)state;
	spki_of(key, &spki);
	buf_append(&other, "\x30\x81", 2);
	buf_append(&other, spki.data + 1, spki.size - 1);
	refuse(buf_view(&other), ERR_FORMAT);
	EVP_PKEY_free(key);
	buf_free(&spki);
	buf_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_of_four_kinds_are_taken),
	    cmocka_unit_test(another_kind_of_key_is_refused),
	    cmocka_unit_test(a_pss_key_is_refused),
	    cmocka_unit_test(a_point_is_written_in_one_way),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(another_spelling_of_a_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
