/* Signatures of P-256 by a known key whose numbers are hard: at an end of their range, or so that
 * two points are equal, opposite, or have coordinates above the order. */
#include "tests/unit/ecdsa_fixture.h"

/*
 * A signature of the digest that it makes: with any a and b, R = aG + bQ, r = x(R), s = r / b and
 * the digest as. So a and b are what the verifier multiplies with.
 */
static void
make_up(const EC_POINT *key, const BIGNUM *a, const BIGNUM *b, struct made *out)
{
	EC_POINT *point = EC_POINT_new(curve);
	BIGNUM *r = BN_new(), *second = BN_new(), *digest = BN_new();

	assert_int_equal(EC_POINT_mul(curve, point, a, key, b, ctx), 1);
	assert_int_equal(EC_POINT_get_affine_coordinates(curve, point, r, NULL, ctx), 1);
	BN_nnmod(r, r, order, ctx);
	assert_non_null(BN_mod_inverse(second, b, order, ctx));
	BN_mod_mul(second, r, second, order, ctx);
	BN_mod_mul(digest, a, second, order, ctx);
	put(out->digest, digest);
	put(out->raw, r);
	put(out->raw + 32, second);
	EC_POINT_free(point);
	BN_free(r);
	BN_free(second);
	BN_free(digest);
}

static void
numbers_out_of_range_are_refused(void **state)
{
	BIGNUM *bad[6];
	struct made m[2], changed[2];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = BN_new(); /* zero */
	BN_copy(bad[1], order);
	BN_copy(bad[2], order);
	BN_sub_word(bad[2], 1); /* in range, and of nothing */
	BN_copy(bad[3], order);
	BN_add_word(bad[3], 1);
	BN_lshift(bad[4], BN_value_one(), 256);
	BN_sub_word(bad[4], 1);
	BN_one(bad[5]);
	draw(&drawn, m, 2);
	for (size_t r = 0; r < COUNT(bad); r++)
		for (size_t s = 0; s <= COUNT(bad); s++) {
			memcpy(changed, m, sizeof(m));
			put(changed[1].raw, bad[r]);
			if (s < COUNT(bad))
				put(changed[1].raw + 32, bad[s]);
			expect(&drawn, &changed[1], false);
			assert_false(verify(&drawn, changed, 2));
			memcpy(changed, m, sizeof(m));
			put(changed[1].raw + 32, bad[r]);
			expect(&drawn, &changed[1], false);
			memset(changed[1].digest, 0, sizeof(changed[1].digest));
			expect(&drawn, &changed[1], false);
		}
	for (size_t i = 0; i < COUNT(bad); i++)
		BN_free(bad[i]);
}

/* Zero is what an r and s of zero would verify; all ones are more than the order. */
static void
digests_of_any_value_verify(void **state)
{
	uint8_t digest[32] = {0};
	struct made m;

	(void)state;
	sign(&drawn, digest, &m);
	expect(&drawn, &m, true);
	m.digest[31] = 1;
	expect(&drawn, &m, false);
	memset(digest, 0xff, sizeof(digest));
	sign(&drawn, digest, &m);
	expect(&drawn, &m, true);
	put(digest, order); /* the same as zero */
	sign(&drawn, digest, &m);
	expect(&drawn, &m, true);
	memset(m.digest, 0, sizeof(m.digest));
	expect(&drawn, &m, true);
}

/* What the multiplications take for their first and last steps, by keys that are the generator,
 * next to it, its negative, and a drawn one. */
static void
hard_factors_verify(void **state)
{
	static const unsigned words[] = {0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 0xffff};
	const size_t count = 2 * COUNT(words);
	BIGNUM *factor[2 * COUNT(words)], *private = BN_new();
	EC_POINT *key = EC_POINT_new(curve);
	struct made m;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		BN_set_word(factor[i] = BN_new(), words[i]);
		BN_sub(factor[COUNT(words) + i] = BN_new(), order, factor[i]);
	}
	for (unsigned k = 0; k < 4; k++) {
		struct signer s;

		BN_set_word(private, k == 1 ? 2 : 1);
		if (k == 2)
			BN_sub(private, order, private);
		if (k == 3)
			BN_priv_rand_range(private, order);
		s = signer_with(private);
		EC_POINT_mul(curve, key, private, NULL, NULL, ctx);
		for (size_t a = 0; a < count; a++)
			for (size_t b = 0; b < count; b++) {
				BIGNUM *sum = BN_new(), *second = BN_new();

				BN_nnmod(second, factor[b], order, ctx);
				BN_mod_mul(sum, second, private, order, ctx);
				BN_mod_add(sum, sum, factor[a], order, ctx);
				if (!BN_is_zero(second) && !BN_is_zero(sum)) {
					make_up(key, factor[a], second, &m);
					expect(&s, &m, true);
				}
				BN_free(sum);
				BN_free(second);
			}
		signer_free(&s);
	}
	for (size_t i = 0; i < count; i++)
		BN_free(factor[i]);
	EC_POINT_free(key);
	BN_free(private);
}

/* aG = bQ: the sum is of a point with itself. */
static void
equal_halves_verify(void **state)
{
	BIGNUM *private = BN_new(), *a = BN_new(), *b = BN_new();
	EC_POINT *key = EC_POINT_new(curve);
	struct made m;
	struct signer s;

	(void)state;
	BN_priv_rand_range(private, order);
	BN_priv_rand_range(b, order);
	BN_mod_mul(a, b, private, order, ctx);
	s = signer_with(private);
	EC_POINT_mul(curve, key, private, NULL, NULL, ctx);
	make_up(key, a, b, &m);
	expect(&s, &m, true);
	signer_free(&s);
	EC_POINT_free(key);
	BN_free(private);
	BN_free(a);
	BN_free(b);
}

/* aG = -bQ: digest = -r d, with any r and s. */
static void
the_point_at_infinity_is_refused(void **state)
{
	BIGNUM *private = BN_new(), *r = BN_new(), *digest = BN_new();
	struct made m;
	struct signer s;

	(void)state;
	BN_priv_rand_range(private, order);
	s = signer_with(private);
	for (unsigned word = 1; word < 20; word++) {
		BN_set_word(r, word);
		BN_mod_mul(digest, r, private, order, ctx);
		BN_sub(digest, order, digest);
		put(m.digest, digest);
		put(m.raw, r);
		put(m.raw + 32, r);
		expect(&s, &m, false);
	}
	signer_free(&s);
	BN_free(private);
	BN_free(r);
	BN_free(digest);
}

/*
 * The first point from the order on, x = n + k: r is k. The key is made for it, Q = (R - aG) / b.
 * The same point's x itself is no r.
 */
static void
a_coordinate_above_the_order_is_reduced(void **state)
{
	BIGNUM *x = BN_dup(order), *r = BN_new(), *a = BN_new(), *b = BN_new(), *s = BN_new();
	EC_POINT *point = EC_POINT_new(curve), *key = EC_POINT_new(curve);
	struct signer signer;
	struct made m;

	(void)state;
	do
		BN_add_word(x, 1);
	while (EC_POINT_set_compressed_coordinates(curve, point, x, 0, ctx) != 1);
	ERR_clear_error();
	BN_priv_rand_range(a, order);
	BN_priv_rand_range(b, order);
	BN_sub(s, order, a);
	EC_POINT_mul(curve, key, s, NULL, NULL, ctx);
	EC_POINT_add(curve, key, key, point, ctx);
	BN_mod_inverse(s, b, order, ctx);
	EC_POINT_mul(curve, key, NULL, key, s, ctx);
	signer = signer_at(key);

	make_up(key, a, b, &m);
	BN_sub(r, x, order);
	BN_bin2bn(m.raw, 32, s);
	assert_int_equal(BN_cmp(r, s), 0);
	expect(&signer, &m, true);
	put(m.raw, x);
	expect(&signer, &m, false);

	signer_free(&signer);
	EC_POINT_free(point);
	EC_POINT_free(key);
	BN_free(x);
	BN_free(r);
	BN_free(a);
	BN_free(b);
	BN_free(s);
}

/* With R = kG, s = 1 and digest a, the key is Q = (R - aG) / r; s + n is not taken for s. */
static void
a_number_above_the_order_is_not_reduced(void **state)
{
	BIGNUM *k = BN_new(), *a = BN_new(), *r = BN_new(), *s = BN_new();
	EC_POINT *point = EC_POINT_new(curve);
	struct signer signer;
	struct made m;

	(void)state;
	BN_priv_rand_range(k, order);
	BN_priv_rand_range(a, order);
	EC_POINT_mul(curve, point, k, NULL, NULL, ctx);
	EC_POINT_get_affine_coordinates(curve, point, r, NULL, ctx);
	BN_nnmod(r, r, order, ctx);
	put(m.raw, r);
	put(m.raw + 32, BN_value_one());
	put(m.digest, a);
	BN_mod_sub(k, k, a, order, ctx);
	BN_mod_inverse(s, r, order, ctx);
	BN_mod_mul(k, k, s, order, ctx);
	signer = signer_with(k);

	expect(&signer, &m, true);
	BN_copy(s, order);
	BN_add_word(s, 1);
	put(m.raw + 32, s);
	expect(&signer, &m, false);

	signer_free(&signer);
	EC_POINT_free(point);
	BN_free(k);
	BN_free(a);
	BN_free(r);
	BN_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_out_of_range_are_refused),
	    cmocka_unit_test(digests_of_any_value_verify),
	    cmocka_unit_test(hard_factors_verify),
	    cmocka_unit_test(equal_halves_verify),
	    cmocka_unit_test(the_point_at_infinity_is_refused),
	    cmocka_unit_test(a_coordinate_above_the_order_is_reduced),
	    cmocka_unit_test(a_number_above_the_order_is_not_reduced),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
