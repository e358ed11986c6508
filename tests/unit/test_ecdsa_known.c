/* Signatures of P-256 by a known key, drawn and damaged. */
#include "tests/unit/ecdsa_fixture.h"

#include <openssl/rsa.h>
#include <pthread.h>

#define ROUNDS 40

/* --- drawn and damaged --------------------------------------------------------------------------
 */

static void
signatures_verify_alone_and_together(void **state)
{
	struct made m[MOST];

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		draw(&drawn, m, MOST);
		for (size_t i = 0; i < MOST; i++)
			expect(&drawn, &m[i], true);
		for (size_t count = 1; count <= MOST; count++)
			assert_true(verify(&drawn, m + MOST - count, count));
	}
}

static void
a_changed_bit_is_found_wherever_it_is(void **state)
{
	struct made m, changed;
	uint8_t *bytes = (uint8_t *)&changed;

	(void)state;
	draw(&drawn, &m, 1);
	for (size_t bit = 0; bit < 8 * sizeof(m); bit++) {
		changed = m;
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect(&drawn, &changed, false);
	}
}

static void
one_bad_signature_spoils_all_of_them(void **state)
{
	struct made m[MOST];
	uint8_t *byte;

	(void)state;
	draw(&drawn, m, MOST);
	for (size_t count = 1; count <= MOST; count++)
		for (size_t bad = 0; bad < count; bad++)
			for (size_t at = 0; at < sizeof(m[0]); at += 31) {
				byte = (uint8_t *)&m[bad] + at;
				*byte ^= 0x10;
				assert_false(verify(&drawn, m, count));
				*byte ^= 0x10;
			}
	assert_true(verify(&drawn, m, MOST));
}

/* Two errors that a sum over all would not see. */
static void
signatures_in_each_others_place_are_refused(void **state)
{
	struct made m[2];
	uint8_t digest[32];

	(void)state;
	draw(&drawn, m, 2);
	memcpy(digest, m[0].digest, sizeof(digest));
	memcpy(m[0].digest, m[1].digest, sizeof(digest));
	memcpy(m[1].digest, digest, sizeof(digest));
	assert_false(verify(&drawn, m, 2));
}

static void
another_key_is_refused(void **state)
{
	struct signer other = signer_of(EVP_EC_gen("P-256"));
	struct made m[MOST];

	(void)state;
	draw(&other, m, MOST);
	for (size_t i = 0; i < MOST; i++) {
		expect(&other, &m[i], true);
		expect(&drawn, &m[i], false);
	}
	draw(&drawn, m, MOST - 1);
	assert_false(verify(&drawn, m, MOST));
	signer_free(&other);
}

static void
either_s_verifies(void **state)
{
	struct made m;
	BIGNUM *s;

	(void)state;
	draw(&drawn, &m, 1);
	s = BN_bin2bn(m.raw + 32, 32, NULL);
	BN_sub(s, order, s);
	put(m.raw + 32, s);
	BN_free(s);
	expect(&drawn, &m, true);
}

/* --- what it is not for -------------------------------------------------------------------------
 */

static void
other_sizes_and_counts_are_refused(void **state)
{
	struct made m[MOST];
	struct ecdsa_signed all[MOST + 1];
	uint8_t longer[ECDSA_KNOWN_SIZE + 1] = {0};

	(void)state;
	draw(&drawn, m, MOST);
	for (size_t i = 0; i < MOST; i++)
		all[i] = (struct ecdsa_signed){{m[i].digest, 32}, {m[i].raw, 64}};
	all[MOST] = all[0];
	assert_true(ecdsa_known_verify(drawn.known, all, MOST));
	assert_false(ecdsa_known_verify(drawn.known, all, MOST + 1));
	assert_false(ecdsa_known_verify(drawn.known, all, SIZE_MAX));
	assert_false(ecdsa_known_verify(drawn.known, all, 0));
	for (size_t size = 0; size < 64; size++) {
		all[1].signature.size = size;
		assert_false(ecdsa_known_verify(drawn.known, all, 2));
	}
	memcpy(longer, m[1].raw, 64);
	all[1].signature = (struct view){longer, sizeof(longer)};
	assert_false(ecdsa_known_verify(drawn.known, all, 2));
	all[1].signature.size = 64;
	assert_true(ecdsa_known_verify(drawn.known, all, 2));
	for (size_t size = 0; size < 32; size++) {
		all[1].digest.size = size;
		assert_false(ecdsa_known_verify(drawn.known, all, 2));
	}
	memcpy(longer, m[1].digest, 32);
	all[1] = (struct ecdsa_signed){{longer, 33}, {m[1].raw, 64}};
	assert_false(ecdsa_known_verify(drawn.known, all, 2));
}

static void
expect_unsupported(EVP_PKEY *key)
{
	struct ecdsa_known *known = (struct ecdsa_known *)1;

	assert_non_null(key);
	assert_int_equal(ecdsa_known_new(key, &known), ERR_UNSUPPORTED);
	assert_null(known);
	ecdsa_known_free(&known);
	EVP_PKEY_free(key);
}

static void
other_keys_are_unsupported(void **state)
{
	(void)state;
	expect_unsupported(EVP_EC_gen("P-384"));
	expect_unsupported(EVP_EC_gen("P-521"));
	expect_unsupported(EVP_EC_gen("secp256k1"));
	expect_unsupported(EVP_EC_gen("brainpoolP256r1"));
	expect_unsupported(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	expect_unsupported(EVP_RSA_gen(2048));
}

/* --- threads ------------------------------------------------------------------------------------
 */

static void *
verify_often(void *argument)
{
	const struct made *m = argument;
	size_t good = 0;

	for (unsigned round = 0; round < ROUNDS; round++)
		good += verify(&drawn, m, MOST) && !verify(&drawn, m + 1, MOST);
	return good == ROUNDS ? argument : NULL;
}

static void
threads_share_what_is_known(void **state)
{
	struct made m[MOST + 1];
	pthread_t thread[4];
	void *result;

	(void)state;
	draw(&drawn, m, MOST + 1);
	m[MOST].raw[0] ^= 1;
	for (size_t i = 0; i < COUNT(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, verify_often, m), 0);
	for (size_t i = 0; i < COUNT(thread); i++) {
		assert_int_equal(pthread_join(thread[i], &result), 0);
		assert_ptr_equal(result, m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signatures_verify_alone_and_together),
	    cmocka_unit_test(a_changed_bit_is_found_wherever_it_is),
	    cmocka_unit_test(one_bad_signature_spoils_all_of_them),
	    cmocka_unit_test(signatures_in_each_others_place_are_refused),
	    cmocka_unit_test(another_key_is_refused),
	    cmocka_unit_test(either_s_verifies),
	    cmocka_unit_test(other_sizes_and_counts_are_refused),
	    cmocka_unit_test(other_keys_are_unsupported),
	    cmocka_unit_test(threads_share_what_is_known),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
