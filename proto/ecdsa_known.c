/* The table is made by a call that OpenSSL 3 calls old, and has no other for. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "proto/ecdsa_known.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#define POINT_SIZE (1 + ECDSA_KNOWN_SIZE) /* bytes: 4, x, y */
#define HALF       (ECDSA_KNOWN_SIZE / 2) /* bytes of r, and of s */

struct ecdsa_known {
	EC_GROUP *curve, *by_key; /* the same curve, with the key as its generator */
};

/* What one call works in. The numbers are the context's. */
struct work {
	const struct ecdsa_known *known;
	const BIGNUM *order;
	BN_CTX *ctx;
	EC_POINT *sum, *by_key;
	size_t count;
	BIGNUM *r[ECDSA_KNOWN_AT_ONCE], *s[ECDSA_KNOWN_AT_ONCE], *hash[ECDSA_KNOWN_AT_ONCE];
	BIGNUM *product[ECDSA_KNOWN_AT_ONCE]; /* of all s up to this one */
	BIGNUM *inverse, *scalar;
};

static bool is_p256(EVP_PKEY *key);
static enum err make(struct ecdsa_known *k, struct view point);
static bool work_begin(struct work *w, const struct ecdsa_known *k, size_t count);
static void work_end(struct work *w);
static bool read_all(struct work *w, const struct ecdsa_signed *all);
static bool is_scalar(const struct work *w, const BIGNUM *n);
static bool multiply_up(struct work *w);
static bool hold_all(struct work *w);
static bool holds(struct work *w, size_t i, const BIGNUM *inverse);

enum err
ecdsa_known_new(EVP_PKEY *key, struct ecdsa_known **out)
{
	unsigned char *point = NULL;
	struct ecdsa_known *k;
	size_t size;
	enum err e;

	*out = NULL;
	if (!is_p256(key))
		return ERR_UNSUPPORTED;
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return ERR_MEMORY;
	size = EVP_PKEY_get1_encoded_public_key(key, &point);
	e = size == POINT_SIZE ? make(k, (struct view){point, size}) : ERR_CRYPTO;
	OPENSSL_free(point);
	ERR_clear_error();
	if (e != ERR_OK)
		ecdsa_known_free(&k);
	*out = k;
	return e;
}

static bool
is_p256(EVP_PKEY *key)
{
	char curve[64] = "";

	return EVP_PKEY_is_a(key, "EC") == 1 &&
	       EVP_PKEY_get_utf8_string_param(
		   key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, SN_X9_62_prime256v1) == 0;
}

/* A point that is not on the curve is refused as it is read. */
static enum err
make(struct ecdsa_known *k, struct view point)
{
	BN_CTX *ctx = BN_CTX_new();
	EC_POINT *key = NULL;
	enum err e = ERR_CRYPTO;

	if (ctx != NULL && (k->curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)) != NULL &&
	    (k->by_key = EC_GROUP_dup(k->curve)) != NULL &&
	    (key = EC_POINT_new(k->curve)) != NULL &&
	    EC_POINT_oct2point(k->curve, key, point.data, point.size, ctx) == 1 &&
	    EC_GROUP_set_generator(k->by_key, key, EC_GROUP_get0_order(k->curve),
		EC_GROUP_get0_cofactor(k->curve)) == 1 &&
	    EC_GROUP_precompute_mult(k->by_key, ctx) == 1)
		e = ERR_OK;
	EC_POINT_free(key);
	BN_CTX_free(ctx);
	return e;
}

void
ecdsa_known_free(struct ecdsa_known **k)
{
	if (*k == NULL)
		return;
	EC_GROUP_free((*k)->curve);
	EC_GROUP_free((*k)->by_key);
	free(*k);
	*k = NULL;
}

bool
ecdsa_known_verify(const struct ecdsa_known *k, const struct ecdsa_signed *all, size_t count)
{
	struct work w;
	bool good;

	if (count == 0 || count > ECDSA_KNOWN_AT_ONCE)
		return false;
	good = work_begin(&w, k, count) && read_all(&w, all) && multiply_up(&w) && hold_all(&w);
	work_end(&w);
	ERR_clear_error();
	return good;
}

static bool
work_begin(struct work *w, const struct ecdsa_known *k, size_t count)
{
	memset(w, 0, sizeof(*w));
	w->known = k;
	w->count = count;
	w->order = EC_GROUP_get0_order(k->curve);
	w->sum = EC_POINT_new(k->curve);
	w->by_key = EC_POINT_new(k->by_key);
	if ((w->ctx = BN_CTX_new()) == NULL || w->sum == NULL || w->by_key == NULL)
		return false;
	BN_CTX_start(w->ctx);
	for (size_t i = 0; i < count; i++) {
		w->r[i] = BN_CTX_get(w->ctx);
		w->s[i] = BN_CTX_get(w->ctx);
		w->hash[i] = BN_CTX_get(w->ctx);
		w->product[i] = BN_CTX_get(w->ctx);
	}
	w->inverse = BN_CTX_get(w->ctx);
	w->scalar = BN_CTX_get(w->ctx);
	return w->scalar != NULL; /* after one NULL all are */
}

static void
work_end(struct work *w)
{
	EC_POINT_free(w->sum);
	EC_POINT_free(w->by_key);
	if (w->scalar != NULL)
		BN_CTX_end(w->ctx);
	BN_CTX_free(w->ctx);
}

static bool
read_all(struct work *w, const struct ecdsa_signed *all)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct view digest = all[i].digest, signature = all[i].signature;

		if (digest.size != ECDSA_KNOWN_DIGEST_SIZE || signature.size != ECDSA_KNOWN_SIZE ||
		    BN_bin2bn(digest.data, ECDSA_KNOWN_DIGEST_SIZE, w->hash[i]) == NULL ||
		    BN_bin2bn(signature.data, HALF, w->r[i]) == NULL ||
		    BN_bin2bn(signature.data + HALF, HALF, w->s[i]) == NULL ||
		    !is_scalar(w, w->r[i]) || !is_scalar(w, w->s[i]))
			return false;
	}
	return true;
}

/* 1 to order - 1: of numbers that differ by the order, one alone is a signature. */
static bool
is_scalar(const struct work *w, const BIGNUM *n)
{
	return !BN_is_zero(n) && BN_cmp(n, w->order) < 0;
}

/* None of the products is zero: no s is, and the order is a prime. */
static bool
multiply_up(struct work *w)
{
	bool good = BN_copy(w->product[0], w->s[0]) != NULL;

	for (size_t i = 1; good && i < w->count; i++)
		good = BN_mod_mul(w->product[i], w->product[i - 1], w->s[i], w->order, w->ctx) == 1;
	return good;
}

/* From the last on: with the inverse of a product, that of its last s, and of the product before.
 */
static bool
hold_all(struct work *w)
{
	BIGNUM *of_product = w->product[w->count - 1];

	if (BN_mod_inverse(of_product, of_product, w->order, w->ctx) == NULL)
		return false;
	for (size_t i = w->count - 1; i > 0; i--) {
		if (BN_mod_mul(w->inverse, of_product, w->product[i - 1], w->order, w->ctx) != 1 ||
		    !holds(w, i, w->inverse) ||
		    BN_mod_mul(of_product, of_product, w->s[i], w->order, w->ctx) != 1)
			return false;
	}
	return holds(w, 0, of_product);
}

/* The point at infinity has no coordinates, so it is refused. */
static bool
holds(struct work *w, size_t i, const BIGNUM *inverse)
{
	const EC_GROUP *curve = w->known->curve;
	BIGNUM *x = w->scalar;

	return BN_mod_mul(w->scalar, w->hash[i], inverse, w->order, w->ctx) == 1 &&
	       EC_POINT_mul(curve, w->sum, w->scalar, NULL, NULL, w->ctx) == 1 &&
	       BN_mod_mul(w->scalar, w->r[i], inverse, w->order, w->ctx) == 1 &&
	       EC_POINT_mul(w->known->by_key, w->by_key, w->scalar, NULL, NULL, w->ctx) == 1 &&
	       EC_POINT_add(curve, w->sum, w->sum, w->by_key, w->ctx) == 1 &&
	       EC_POINT_get_affine_coordinates(curve, w->sum, x, NULL, w->ctx) == 1 &&
	       BN_nnmod(x, x, w->order, w->ctx) == 1 && BN_cmp(x, w->r[i]) == 0;
}
