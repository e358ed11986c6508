#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/siphash.h"

/* The key 00 01 ... 0f, as two little-endian words. */
static const struct siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

/* Of the bytes 00, 01, ...: the published vectors, which OpenSSL's SIPHASH gives too. */
static void
gives_the_published_values(void **state)
{
	static const struct {
		size_t size;
		uint64_t hash;
	} known[] = {
	    {0, 0x726fdb47dd0e0e31},
	    {1, 0x74f839c593dc67fd},
	    {7, 0xab0200f58b01d137},
	    {8, 0x93f5f5799a932462},
	    {15, 0xa129ca6149be45e5},
	    {63, 0x958a324ceb064572},
	};
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(siphash(&key, (struct view){bytes, known[i].size}) == known[i].hash);
}

static void
another_key_gives_another_hash(void **state)
{
	const struct siphash_key other = {{key.word[0], key.word[1] ^ 1}};

	(void)state;
	assert_false(siphash(&key, VIEW_LITERAL("app")) == siphash(&other, VIEW_LITERAL("app")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_published_values),
	    cmocka_unit_test(another_key_gives_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
