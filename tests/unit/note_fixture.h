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

/* Parsed and verified, as every reader does it. */
static inline enum err
fixture_verify(struct view bytes, const struct note_verifier *v)
{
	struct note n;
	enum err e = note_parse(bytes, &n);

	return e == ERR_OK ? note_verify(&n, v) : e;
}

/* r || s of a signature over `text`, as CKM_ECDSA gives it; s is high or low as it comes. */
static inline void
fixture_sign_raw(EVP_PKEY *key, struct view text, uint8_t raw[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	const unsigned char *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *signature;

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &size, text.data, text.size), 1);
	EVP_MD_CTX_free(ctx);
	assert_non_null(signature = d2i_ECDSA_SIG(NULL, &at, (long)size));
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32), 32);
	ECDSA_SIG_free(signature);
}

/* A whole note over `text` by a private P-256 key. */
static inline void
fixture_note(EVP_PKEY *key, const struct note_verifier *v, struct view text, struct buf *to)
{
	struct buf der = BUF_INIT;
	uint8_t raw[64];

	fixture_sign_raw(key, text, raw);
	assert_int_equal(note_ecdsa_from_raw(raw, &der), ERR_OK);
	assert_int_equal(note_write(text, v, buf_view(&der), to), ERR_OK);
	buf_free(&der);
}

#endif
