/* Signers by known keys for tests: what they make, and that the verdict on it is OpenSSL's. */
#ifndef HALLMARK_TESTS_UNIT_ECDSA_FIXTURE_H
#define HALLMARK_TESTS_UNIT_ECDSA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <string.h>

#include "proto/ecdsa_known.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MOST     ECDSA_KNOWN_AT_ONCE

struct made {
	uint8_t digest[ECDSA_KNOWN_DIGEST_SIZE], raw[ECDSA_KNOWN_SIZE];
};

/* A key, what is known of it, and how OpenSSL verifies. */
struct signer {
	EVP_PKEY *key;
	EVP_PKEY_CTX *sign, *verify;
	struct ecdsa_known *known;
};

static EC_GROUP *curve;
static BN_CTX *ctx;
static const BIGNUM *order;
static struct signer drawn; /* with a key of its own, drawn anew each time */

/* --- keys ---------------------------------------------------------------------------------------
 */

static inline struct signer
signer_of(EVP_PKEY *key)
{
	struct signer s = {.key = key};

	assert_non_null(key);
	s.sign = EVP_PKEY_CTX_new(key, NULL);
	s.verify = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(EVP_PKEY_verify_init(s.verify), 1);
	assert_int_equal(ecdsa_known_new(key, &s.known), ERR_OK);
	return s;
}

static inline void
signer_free(struct signer *s)
{
	ecdsa_known_free(&s->known);
	EVP_PKEY_CTX_free(s->sign);
	EVP_PKEY_CTX_free(s->verify);
	EVP_PKEY_free(s->key);
}

/* Of a point whose private key nobody has to know. */
static inline struct signer
signer_at(const EC_POINT *point)
{
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	OSSL_PARAM *parameters;
	uint8_t bytes[1 + ECDSA_KNOWN_SIZE];

	assert_int_equal(EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
			     sizeof(bytes), ctx),
	    sizeof(bytes));
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes));
	parameters = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(make), 1);
	assert_int_equal(EVP_PKEY_fromdata(make, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(make);
	return signer_of(key);
}

static inline struct signer
signer_with(const BIGNUM *private)
{
	EC_POINT *point = EC_POINT_new(curve);
	struct signer s;

	assert_int_equal(EC_POINT_mul(curve, point, private, NULL, NULL, ctx), 1);
	s = signer_at(point);
	EC_POINT_free(point);
	return s;
}

/* --- signatures ---------------------------------------------------------------------------------
 */

static inline void
put(uint8_t to[32], const BIGNUM *n)
{
	assert_int_equal(BN_bn2binpad(n, to, 32), 32);
}

static inline void
sign(const struct signer *s, const uint8_t digest[32], struct made *out)
{
	uint8_t der[80];
	const uint8_t *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *both;

	assert_int_equal(EVP_PKEY_sign_init(s->sign), 1);
	assert_int_equal(EVP_PKEY_sign(s->sign, der, &size, digest, 32), 1);
	assert_non_null(both = d2i_ECDSA_SIG(NULL, &at, (long)size));
	memcpy(out->digest, digest, 32);
	put(out->raw, ECDSA_SIG_get0_r(both));
	put(out->raw + 32, ECDSA_SIG_get0_s(both));
	ECDSA_SIG_free(both);
}

static inline void
draw(const struct signer *s, struct made *out, size_t count)
{
	uint8_t digest[32];

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(RAND_bytes(digest, sizeof(digest)), 1);
		sign(s, digest, &out[i]);
	}
}

static inline bool
by_openssl(const struct signer *s, const struct made *m)
{
	ECDSA_SIG *both = ECDSA_SIG_new();
	unsigned char *der = NULL;
	bool good;
	int size;

	ECDSA_SIG_set0(both, BN_bin2bn(m->raw, 32, NULL), BN_bin2bn(m->raw + 32, 32, NULL));
	size = i2d_ECDSA_SIG(both, &der);
	assert_true(size > 0);
	good = EVP_PKEY_verify(s->verify, der, (size_t)size, m->digest, 32) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(both);
	ERR_clear_error();
	return good;
}

static inline bool
verify(const struct signer *s, const struct made *m, size_t count)
{
	struct ecdsa_signed all[MOST];

	for (size_t i = 0; i < count; i++)
		all[i] = (struct ecdsa_signed){
		    {m[i].digest, sizeof(m[i].digest)}, {m[i].raw, sizeof(m[i].raw)}};
	return ecdsa_known_verify(s->known, all, count);
}

static inline void
expect(const struct signer *s, const struct made *m, bool good)
{
	assert_int_equal(by_openssl(s, m), good);
	assert_int_equal(verify(s, m, 1), good);
	assert_int_equal(ERR_peek_error(), 0);
}

/* --- once for all tests
 * ---------------------------------------------------------------------------
 */

static inline int
begin(void **state)
{
	(void)state;
	curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	ctx = BN_CTX_new();
	order = EC_GROUP_get0_order(curve);
	drawn = signer_of(EVP_EC_gen("P-256"));
	return 0;
}

static inline int
end(void **state)
{
	(void)state;
	signer_free(&drawn);
	EC_GROUP_free(curve);
	BN_CTX_free(ctx);
	return 0;
}

#endif
