#include "pkcs11/token/algorithm.h"

#include <openssl/core_names.h>
#include <stdio.h>
#include <string.h>

#include "pkcs11/token/cryptoki.h"

/* DER of the OIDs 1.2.840.10045.3.1.7, 1.3.132.0.34 and 1.3.101.112 (RFC 5480, RFC 8410). */
static const uint8_t p256_parameters[] = {
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384_parameters[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t ed25519_parameters[] = {0x06, 0x03, 0x2b, 0x65, 0x70};

#define EC(name, type, jws, parameters, curve, bits)                                               \
	{                                                                                          \
		name, type, "CKM_ECDSA over SHA-256", jws, NOTE_ECDSA, CKK_EC,                     \
		    CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, {parameters, sizeof(parameters)}, curve, bits  \
	}
#define RSA(name, type, bits)                                                                      \
	{                                                                                          \
		name, type, "CKM_RSA_PKCS over SHA-256", "RS256", NOTE_RSA_PKCS1, CKK_RSA,         \
		    CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, {NULL, 0}, NULL, bits                 \
	}
#define RSA_PSS(name, type, bits)                                                                  \
	{                                                                                          \
		name, type, "CKM_RSA_PKCS_PSS over SHA-256", "PS256", NOTE_RSA_PSS, CKK_RSA,       \
		    CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, {NULL, 0}, NULL, bits             \
	}

static const struct algorithm algorithms[] = {
    [HSM_P256] = EC("p256", "EC P-256", "ES256", p256_parameters, "prime256v1", 256),
    [HSM_P384] = EC("p384", "EC P-384", "ES384", p384_parameters, "secp384r1", 384),
    [HSM_RSA_3072] = RSA("rsa-3072", "RSA of 3072 bits", 3072),
    [HSM_RSA_4096] = RSA("rsa-4096", "RSA of 4096 bits", 4096),
    [HSM_RSA_3072_PSS] = RSA_PSS("rsa-3072-pss", "RSA of 3072 bits", 3072),
    [HSM_RSA_4096_PSS] = RSA_PSS("rsa-4096-pss", "RSA of 4096 bits", 4096),
};

static const struct algorithm ed25519 = {"ed25519", "Ed25519", "CKM_EDDSA", NULL, NOTE_ED25519,
    CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA,
    {ed25519_parameters, sizeof(ed25519_parameters)}, NULL, 256};

const struct algorithm *
algorithm_of(enum hsm_algorithm a)
{
	return &algorithms[a];
}

const struct algorithm *
algorithm_ed25519(void)
{
	return &ed25519;
}

const struct algorithm *
algorithm_of_operator(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return &algorithms[HSM_RSA_3072]; /* all but the size is the same */
	return algorithm_fits(&algorithms[HSM_P256], key) ? &algorithms[HSM_P256] : NULL;
}

bool
algorithm_fits(const struct algorithm *a, EVP_PKEY *key)
{
	char curve[64] = "";

	if (a->scheme == NOTE_ED25519)
		return EVP_PKEY_is_a(key, "ED25519");
	if (a->curve == NULL)
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == a->bits;
	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_utf8_string_param(
		   key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, a->curve) == 0;
}

void
algorithm_describe(EVP_PKEY *key, char to[64])
{
	char curve[32] = "an unnamed curve";

	if (EVP_PKEY_is_a(key, "RSA")) {
		snprintf(to, 64, "an RSA key of %d bits", EVP_PKEY_get_bits(key));
	} else if (EVP_PKEY_is_a(key, "EC")) {
		EVP_PKEY_get_utf8_string_param(
		    key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), NULL);
		snprintf(to, 64, "an EC key on %s", curve);
	} else {
		snprintf(to, 64, "an Ed25519 key");
	}
}

const EVP_MD *
algorithm_jws_hash(const struct algorithm *a)
{
	return a->scheme == NOTE_ECDSA && a->bits == 384 ? EVP_sha384() : NULL;
}
