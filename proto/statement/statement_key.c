#include "proto/statement/statement_key.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "proto/signature.h"

/* Of an uncompressed point: what stands before its coordinates. */
#define POINT_UNCOMPRESSED 0x04

struct statement_key {
	EVP_PKEY *key;
	const char *algorithm;
	const EVP_MD *hash;
	struct buf spki;
	struct digest id;
};

static enum err choose_algorithm(struct statement_key *k);
static enum err choose_curve(struct statement_key *k);

enum err
statement_key_from_spki(struct view der, struct statement_key **out)
{
	const unsigned char *p = der.data;
	EVP_PKEY *key = NULL;
	enum err e = ERR_FORMAT;

	*out = NULL;
	if (der.size > 0 && der.size <= STATEMENT_KEY_SPKI_MAX)
		key = d2i_PUBKEY(NULL, &p, (long)der.size);
	if (key != NULL)
		e = statement_key_from_held(key, out);
	if (e == ERR_OK && !view_equal(statement_key_spki(*out), der)) {
		e = ERR_FORMAT;
		statement_key_free(out);
	}
	ERR_clear_error();
	EVP_PKEY_free(key);
	return e;
}

enum err
statement_key_from_held(EVP_PKEY *key, struct statement_key **out)
{
	struct statement_key *k = calloc(1, sizeof(*k));
	unsigned char *der = NULL;
	int size;
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (k == NULL)
		return ERR_MEMORY;
	k->spki = BUF_INIT;
	if (EVP_PKEY_up_ref(key) == 1)
		k->key = key;
	if (k->key != NULL && (size = i2d_PUBKEY(key, &der)) > 0) {
		buf_append(&k->spki, der, (size_t)size);
		OPENSSL_free(der);
		if ((e = buf_status(&k->spki)) == ERR_OK)
			e = choose_algorithm(k);
	}
	if (e == ERR_OK) {
		digest_of(k->spki.data, k->spki.size, &k->id);
		*out = k;
		k = NULL; /* moved */
	}
	ERR_clear_error();
	statement_key_free(&k);
	return e;
}

void
statement_key_free(struct statement_key **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->key);
	buf_free(&(*k)->spki);
	free(*k);
	*k = NULL;
}

const struct digest *
statement_key_id(const struct statement_key *k)
{
	return &k->id;
}

struct view
statement_key_spki(const struct statement_key *k)
{
	return buf_view(&k->spki);
}

const char *
statement_key_algorithm(const struct statement_key *k)
{
	return k->algorithm;
}

const EVP_MD *
statement_key_hash(const struct statement_key *k)
{
	return k->hash;
}

EVP_PKEY *
statement_key_held(const struct statement_key *k)
{
	return k->key;
}

enum err
statement_key_verify(const struct statement_key *k, struct view message, struct view signature)
{
	return signature_verify(k->key, k->hash, message, signature);
}

static enum err
choose_algorithm(struct statement_key *k)
{
	if (EVP_PKEY_is_a(k->key, "EC"))
		return choose_curve(k);
	if (EVP_PKEY_is_a(k->key, "ED25519")) {
		k->algorithm = "Ed25519";
		return ERR_OK;
	}
	if (!EVP_PKEY_is_a(k->key, "RSA") || EVP_PKEY_get_bits(k->key) < STATEMENT_RSA_BITS_MIN ||
	    EVP_PKEY_get_bits(k->key) > STATEMENT_RSA_BITS_MAX)
		return ERR_UNSUPPORTED;
	k->algorithm = "RSASSA-PKCS1-v1_5 with SHA-256";
	k->hash = EVP_sha256();
	return ERR_OK;
}

/* By the sizes: a curve that is spelled out, or a compressed point, makes others. */
static enum err
choose_curve(struct statement_key *k)
{
	static const struct {
		const char *name, *algorithm;
		const EVP_MD *(*hash)(void);
		size_t spki_size, coordinates_size; /* bytes */
	} curves[] = {
	    {"prime256v1", "ECDSA on P-256 with SHA-256", EVP_sha256, 91, 64},
	    {"secp384r1", "ECDSA on P-384 with SHA-384", EVP_sha384, 120, 96},
	};
	char name[32] = "";

	(void)EVP_PKEY_get_group_name(k->key, name, sizeof(name), NULL);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(name, curves[i].name) != 0)
			continue;
		if (k->spki.size != curves[i].spki_size ||
		    k->spki.data[k->spki.size - curves[i].coordinates_size - 1] !=
			POINT_UNCOMPRESSED)
			return ERR_UNSUPPORTED;
		k->algorithm = curves[i].algorithm;
		k->hash = curves[i].hash();
		return ERR_OK;
	}
	return ERR_UNSUPPORTED;
}
