/*
 * Keys for tests of notes and receipts: the public ones of tests/vectors/, and a P-256 key made on
 * the spot that signs as a token does, with raw r || s.
 */
#ifndef HALLMARK_TESTS_UNIT_NOTE_FIXTURE_H
#define HALLMARK_TESTS_UNIT_NOTE_FIXTURE_H

#include "tests/lib/vectors.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include "proto/tlog/note.h"

#define FIXTURE_NAME "hallmark.example/vectors"

/* The vectors' kinds of key, in the order of note-keys.txt; note-<kind>.pem and .note are theirs.
 */
static const struct fixture_kind {
	const char *name;
	enum note_scheme scheme;
} fixture_kinds[] = {{"p256", NOTE_ECDSA}, {"rsa", NOTE_RSA_PKCS1}, {"p384", NOTE_ECDSA},
    {"rsa-pss", NOTE_RSA_PSS}, {"ed25519", NOTE_ED25519}};
#define FIXTURE_KINDS (sizeof(fixture_kinds) / sizeof(fixture_kinds[0]))

/* The key of a PEM file in tests/vectors/. */
static inline EVP_PKEY *
fixture_key(const char *file)
{
	struct buf pem = BUF_INIT;
	EVP_PKEY *key;
	BIO *bio;

	vector_file(file, &pem);
	assert_non_null(bio = BIO_new_mem_buf(pem.data, (int)pem.size));
	assert_non_null(key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL));
	BIO_free(bio);
	buf_free(&pem);
	return key;
}

static inline struct note_verifier *
fixture_verifier(const char *name, const char *file)
{
	EVP_PKEY *key = fixture_key(file);
	struct note_verifier *v;

	assert_int_equal(note_verifier_new(name, key, &v), ERR_OK);
	EVP_PKEY_free(key);
	return v;
}

/* "note-<kind><ending>"; valid until the next call. */
static inline const char *
fixture_file(size_t kind, const char *ending)
{
	static char name[64];

	snprintf(name, sizeof(name), "note-%s%s", fixture_kinds[kind].name, ending);
	return name;
}

/* Of its one scheme. */
static inline struct note_verifier *
fixture_verifier_of(size_t kind)
{
	EVP_PKEY *key = fixture_key(fixture_file(kind, ".pem"));
	struct note_verifier *v;

	assert_int_equal(
	    note_verifier_new_of(FIXTURE_NAME, key, fixture_kinds[kind].scheme, &v), ERR_OK);
	EVP_PKEY_free(key);
	return v;
}

/* Parsed and verified, as every reader does it. */
static inline enum err
fixture_verify(struct view bytes, const struct note_verifier *v)
{
	struct note n;
	enum err e = note_parse(bytes, &n);

	return e == ERR_OK ? note_verify(&n, v) : e;
}

/*
 * r || s of a signature over `text`, as CKM_ECDSA gives it, and its size; s is high or low as it
 * comes.
 */
static inline size_t
fixture_sign_raw(EVP_PKEY *key, struct view text, uint8_t raw[NOTE_RAW_ECDSA_MAX])
{
	const int half = (EVP_PKEY_get_bits(key) + 7) / 8;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[NOTE_RAW_ECDSA_MAX + 16];
	const unsigned char *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *signature;

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &size, text.data, text.size), 1);
	EVP_MD_CTX_free(ctx);
	assert_non_null(signature = d2i_ECDSA_SIG(NULL, &at, (long)size));
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, half), half);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, half), half);
	ECDSA_SIG_free(signature);
	return 2 * (size_t)half;
}

/* A whole note over `text` by a private key on P-256 or P-384. */
static inline void
fixture_note(EVP_PKEY *key, const struct note_verifier *v, struct view text, struct buf *to)
{
	struct buf der = BUF_INIT;
	uint8_t raw[NOTE_RAW_ECDSA_MAX];
	size_t size = fixture_sign_raw(key, text, raw);

	assert_int_equal(note_ecdsa_from_raw((struct view){raw, size}, &der), ERR_OK);
	assert_int_equal(note_write(text, v, buf_view(&der), to), ERR_OK);
	buf_free(&der);
}

#endif
