/*
 * What a signature by a key that is known takes to be verified, alone and eight together, against
 * OpenSSL's EVP_PKEY_verify on the same core; and what such a key takes to get its table.
 *
 *   known_key SECONDS  prints {"alone_us": ..., "together_us": ..., "openssl_us": ..., "table_us":
 *                      ...}, in processor time of a signature
 */
#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/ecdsa_known.h"

struct sample {
	uint8_t digest[ECDSA_KNOWN_DIGEST_SIZE], raw[ECDSA_KNOWN_SIZE], der[80];
	size_t der_size;
};

static struct sample samples[ECDSA_KNOWN_AT_ONCE];
static struct ecdsa_signed views[ECDSA_KNOWN_AT_ONCE];
static struct ecdsa_known *known;
static EVP_PKEY *key;

static void
expect(bool good)
{
	if (!good)
		abort();
}

static void
make(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

	expect(EVP_PKEY_sign_init(c) == 1);
	for (unsigned i = 0; i < ECDSA_KNOWN_AT_ONCE; i++) {
		struct sample *s = &samples[i];
		const uint8_t *at = s->der;
		ECDSA_SIG *both;

		s->digest[0] = (uint8_t)i;
		s->der_size = sizeof(s->der);
		expect(EVP_PKEY_sign(c, s->der, &s->der_size, s->digest, sizeof(s->digest)) == 1);
		expect((both = d2i_ECDSA_SIG(NULL, &at, (long)s->der_size)) != NULL);
		expect(BN_bn2binpad(ECDSA_SIG_get0_r(both), s->raw, 32) == 32 &&
		       BN_bn2binpad(ECDSA_SIG_get0_s(both), s->raw + 32, 32) == 32);
		ECDSA_SIG_free(both);
		views[i] =
		    (struct ecdsa_signed){{s->digest, sizeof(s->digest)}, {s->raw, sizeof(s->raw)}};
	}
	EVP_PKEY_CTX_free(c);
}

/* All samples once. */
static void
alone(void)
{
	for (unsigned i = 0; i < ECDSA_KNOWN_AT_ONCE; i++)
		expect(ecdsa_known_verify(known, &views[i], 1));
}

static void
together(void)
{
	expect(ecdsa_known_verify(known, views, ECDSA_KNOWN_AT_ONCE));
}

static void
by_openssl(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

	expect(EVP_PKEY_verify_init(c) == 1);
	for (unsigned i = 0; i < ECDSA_KNOWN_AT_ONCE; i++)
		expect(EVP_PKEY_verify(c, samples[i].der, samples[i].der_size, samples[i].digest,
			   sizeof(samples[i].digest)) == 1);
	EVP_PKEY_CTX_free(c);
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
us_each(void (*verify)(void), double seconds)
{
	const double began = now_s();
	double took;
	unsigned long count = 0;

	do {
		verify();
		count += ECDSA_KNOWN_AT_ONCE;
	} while ((took = now_s() - began) < seconds);
	return took * 1e6 / (double)count;
}

int
main(int argc, char **argv)
{
	const double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
	double began;

	if (seconds <= 0) {
		fprintf(stderr, "usage: known_key SECONDS\n");
		return 2;
	}
	expect((key = EVP_EC_gen("P-256")) != NULL);
	began = now_s();
	expect(ecdsa_known_new(key, &known) == ERR_OK);
	printf("{\"table_us\": %.0f, ", (now_s() - began) * 1e6);
	make();
	printf("\"alone_us\": %.1f, ", us_each(alone, seconds));
	printf("\"together_us\": %.1f, ", us_each(together, seconds));
	printf("\"openssl_us\": %.1f}\n", us_each(by_openssl, seconds));
	ecdsa_known_free(&known);
	EVP_PKEY_free(key);
	return 0;
}
