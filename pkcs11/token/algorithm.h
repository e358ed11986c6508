/*
 * The algorithms that a log is signed with: how a key is made and used on the token, and what
 * others call it. A key has one scheme, in notes, tokens and certificates alike.
 *
 * ML-DSA (PKCS#11 3.2: CKK_ML_DSA 4A, CKM_ML_DSA_KEY_PAIR_GEN 1C, CKM_ML_DSA 1D,
 * CKA_PARAMETER_SET 61D) would be one more row, and note type 06; nothing here promises it.
 */
#ifndef HALLMARK_PKCS11_TOKEN_ALGORITHM_H
#define HALLMARK_PKCS11_TOKEN_ALGORITHM_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "config/hsm_config.h"
#include "proto/bytes.h"
#include "proto/tlog/note_key.h"

struct algorithm {
	const char *name;      /* in hsm.yaml */
	const char *type;      /* for people */
	const char *mechanism; /* the same */
	const char *jws;       /* `alg` of RFC 7518; NULL: signs no tokens */
	enum note_scheme scheme;
	unsigned long key_type, generate, sign; /* CKK_ and CKM_ */
	struct view parameters;                 /* CKA_EC_PARAMS; of RSA none */
	const char *curve; /* OpenSSL's name of the group of ECDSA; else NULL */
	int bits;          /* of the modulus, or of the curve */
};

const struct algorithm *algorithm_of(enum hsm_algorithm a);

/* Of the key beside the first. */
const struct algorithm *algorithm_ed25519(void);

/* Of an operator's key, which may have any size: by what it is; NULL if none of these. */
const struct algorithm *algorithm_of_operator(EVP_PKEY *key);

/* Whether the key is one of this algorithm. */
bool algorithm_fits(const struct algorithm *a, EVP_PKEY *key);

/* "an EC key on secp384r1", "an RSA key of 2048 bits" */
void algorithm_describe(EVP_PKEY *key, char to[64]);

/* The hash of a token (RFC 7518, 3.1) where it is another than SHA-256, which notes have; else
 * NULL. */
const EVP_MD *algorithm_jws_hash(const struct algorithm *a);

#endif
