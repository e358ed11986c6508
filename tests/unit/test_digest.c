/* SHA-256: the standard's vectors, parts, threads, the hexadecimal form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "proto/digest.h"

#define V(s) VIEW_LITERAL(s)

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
expect(const struct digest *d, const char *expected)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	assert_string_equal(hex, expected);
}

/* FIPS 180-4's examples. */
static void
vectors_of_the_standard(void **state)
{
	const struct view two_blocks =
	    V("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
	struct buf million = BUF_INIT;
	struct digest d;

	(void)state;
	digest_of(NULL, 0, &d);
	expect(&d, EMPTY);
	digest_of("abc", 3, &d);
	expect(&d, ABC);
	digest_of(two_blocks.data, two_blocks.size, &d);
	expect(&d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_non_null(buf_reserve(&million, 1000000));
	memset(million.data, 'a', 1000000);
	digest_of(million.data, 1000000, &d);
	expect(&d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	buf_free(&million);
}

static void
parts_are_hashed_as_one(void **state)
{
	const struct view parts[] = {V("a"), {NULL, 0}, V("b"), V(""), V("c")};
	struct digest d;

	(void)state;
	digest_of_parts(parts, 5, &d);
	expect(&d, ABC);
	digest_of_parts(NULL, 0, &d);
	expect(&d, EMPTY);
}

static void
the_output_may_be_the_input(void **state)
{
	struct digest d, once, twice;

	(void)state;
	digest_of("abc", 3, &once);
	digest_of(once.bytes, DIGEST_SIZE, &twice);
	d = once;
	digest_of(d.bytes, DIGEST_SIZE, &d);
	assert_true(digest_equal(&d, &twice));
}

static void *
hash_much(void *argument)
{
	unsigned wrong = 0;
	struct digest d;
	char hex[DIGEST_HEX_SIZE + 1];

	for (unsigned i = 0; i < 1000; i++) {
		digest_of("abc", 3, &d);
		digest_to_hex(&d, hex);
		wrong += strcmp(hex, ABC) != 0;
	}
	*(unsigned *)argument = wrong;
	return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
	pthread_t thread[4];
	unsigned wrong[4];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, hash_much, &wrong[i]), 0);
		for (unsigned i = 0; i < 4; i++) {
			assert_int_equal(pthread_join(thread[i], NULL), 0);
			assert_int_equal(wrong[i], 0);
		}
	}
}

static void
hash_at_thread_end(void *unused)
{
	struct digest d;

	(void)unused;
	digest_of("abc", 3, &d);
	expect(&d, ABC);
}

static void *
hash_then_end(void *key)
{
	struct digest d;

	pthread_setspecific(*(pthread_key_t *)key, key);
	digest_of("abc", 3, &d);
	return NULL;
}

/* Destructors run in any order; one that hashes must not use a context that is gone. */
static void
destructors_of_a_thread_may_hash(void **state)
{
	pthread_key_t key;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_key_create(&key, hash_at_thread_end), 0);
	assert_int_equal(pthread_create(&thread, NULL, hash_then_end, &key), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pthread_key_delete(key), 0);
}

static void
digests_are_compared_and_ordered(void **state)
{
	struct digest a = {{1}}, b = {{1}};

	(void)state;
	assert_true(digest_equal(&a, &b));
	assert_int_equal(digest_compare(&a, &b), 0);
	b.bytes[DIGEST_SIZE - 1] = 0x80;
	assert_false(digest_equal(&a, &b));
	assert_true(digest_compare(&a, &b) < 0);
	assert_true(digest_compare(&b, &a) > 0);
	assert_false(digest_is_zero(&a));
	assert_true(digest_is_zero(&DIGEST_ZERO));
	memset(&a, 0, sizeof(a));
	assert_true(digest_is_zero(&a));
	a.bytes[DIGEST_SIZE - 1] = 1;
	assert_false(digest_is_zero(&a));
}

static void
hex_goes_there_and_back(void **state)
{
	struct digest d, back;

	(void)state;
	digest_of("abc", 3, &d);
	assert_int_equal(digest_from_hex(V(ABC), &back), ERR_OK);
	assert_true(digest_equal(&d, &back));
}

static void
hex_in_another_form_is_refused(void **state)
{
	char hex[DIGEST_HEX_SIZE + 3] = ABC;
	struct digest d;

	(void)state;
	for (size_t size = 0; size < DIGEST_HEX_SIZE; size++)
		assert_int_equal(
		    digest_from_hex((struct view){(const uint8_t *)hex, size}, &d), ERR_FORMAT);
	assert_int_equal(digest_from_hex(V(ABC "00"), &d), ERR_FORMAT);
	assert_int_equal(digest_from_hex(V(ABC "\n"), &d), ERR_FORMAT);
	hex[0] = 'B';
	assert_int_equal(digest_from_hex(view_of_string(hex), &d), ERR_FORMAT);
	hex[0] = 'g';
	assert_int_equal(digest_from_hex(view_of_string(hex), &d), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_of_the_standard),
	    cmocka_unit_test(parts_are_hashed_as_one),
	    cmocka_unit_test(the_output_may_be_the_input),
	    cmocka_unit_test(threads_do_not_disturb_each_other),
	    cmocka_unit_test(destructors_of_a_thread_may_hash),
	    cmocka_unit_test(digests_are_compared_and_ordered),
	    cmocka_unit_test(hex_goes_there_and_back),
	    cmocka_unit_test(hex_in_another_form_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
