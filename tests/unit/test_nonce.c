#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "signer/session/nonce.h"

#define LIFETIME_MS 1000

static int
setup(void **state)
{
	*state = nonce_source_new();
	return *state == NULL;
}

static int
teardown(void **state)
{
	nonce_source_free((struct nonce_source **)state);
	return 0;
}

static void
accepts_what_it_gave(void **state)
{
	struct nonce_source *s = *state;
	uint8_t first[NONCE_SIZE], second[NONCE_SIZE];
	struct nonce_word a, b;

	nonce_make(s, 7, 100, first);
	nonce_make(s, 7, 100, second);
	assert_memory_not_equal(first, second, NONCE_SIZE);
	assert_int_equal(nonce_check(s, 7, 100, LIFETIME_MS, first, &a), ERR_OK);
	assert_int_equal(nonce_check(s, 7, 100, LIFETIME_MS, second, &b), ERR_OK);
	assert_true(b.serial > a.serial);
}

static void
refuses_another_connections_nonce(void **state)
{
	struct nonce_source *s = *state;
	uint8_t nonce[NONCE_SIZE];
	struct nonce_word word;

	nonce_make(s, 7, 100, nonce);
	assert_int_equal(nonce_check(s, 8, 100, LIFETIME_MS, nonce, &word), ERR_NONCE_UNKNOWN);
	assert_int_equal(word.serial, 0);
}

static void
refuses_after_its_lifetime(void **state)
{
	struct nonce_source *s = *state;
	uint8_t nonce[NONCE_SIZE];
	struct nonce_word word;

	nonce_make(s, 7, 100, nonce);
	assert_int_equal(nonce_check(s, 7, 1100, LIFETIME_MS, nonce, &word), ERR_OK);
	assert_int_equal(word.age_ms, 1000);
	assert_int_equal(nonce_check(s, 7, 1101, LIFETIME_MS, nonce, &word), ERR_NONCE_EXPIRED);
}

static void
refuses_every_flipped_bit(void **state)
{
	struct nonce_source *s = *state;
	uint8_t nonce[NONCE_SIZE];
	struct nonce_word word;

	nonce_make(s, 7, 100, nonce);
	for (unsigned bit = 0; bit < NONCE_SIZE * 8; bit++) {
		nonce[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(
		    nonce_check(s, 7, 100, LIFETIME_MS, nonce, &word), ERR_NONCE_UNKNOWN);
		nonce[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void
refuses_halves_of_two_nonces(void **state)
{
	struct nonce_source *s = *state;
	uint8_t first[NONCE_SIZE], second[NONCE_SIZE];
	struct nonce_word word;

	nonce_make(s, 7, 100, first);
	nonce_make(s, 7, 900, second);
	memcpy(first, second, NONCE_SIZE / 2);
	assert_int_equal(nonce_check(s, 7, 900, LIFETIME_MS, first, &word), ERR_NONCE_UNKNOWN);
}

static void
refuses_another_process_s_nonce(void **state)
{
	struct nonce_source *other = nonce_source_new();
	uint8_t nonce[NONCE_SIZE];
	struct nonce_word word;

	assert_non_null(other);
	nonce_make(other, 7, 100, nonce);
	assert_int_equal(nonce_check(*state, 7, 100, LIFETIME_MS, nonce, &word), ERR_NONCE_UNKNOWN);
	nonce_source_free(&other);
	assert_null(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(accepts_what_it_gave, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_another_connections_nonce, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_after_its_lifetime, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_every_flipped_bit, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_halves_of_two_nonces, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_another_process_s_nonce, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
