#include "proto/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"

const struct digest DIGEST_ZERO;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;
static EVP_MD *sha256;
static __thread EVP_MD_CTX *context;

static void fetch(void);
static void context_free(void *ctx);
static EVP_MD_CTX *context_make(void);

void
digest_of(const void *data, size_t size, struct digest *out)
{
	struct view whole = {data, size};

	digest_of_parts(&whole, 1, out);
}

void
digest_of_parts(const struct view *parts, size_t count, struct digest *out)
{
	EVP_MD_CTX *ctx = context != NULL ? context : context_make();

	/* NULL: the algorithm that the context already has; a look-up would triple the cost. */
	if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1)
		abort();
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestUpdate(ctx, parts[i].data, parts[i].size) != 1)
			abort();
	if (EVP_DigestFinal_ex(ctx, out->bytes, NULL) != 1)
		abort();
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

bool
digest_is_zero(const struct digest *d)
{
	return digest_equal(d, &DIGEST_ZERO);
}

int
digest_compare(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

void
digest_to_hex(const struct digest *d, char hex[DIGEST_HEX_SIZE + 1])
{
	hex_put((uint8_t *)hex, (struct view){d->bytes, DIGEST_SIZE});
	hex[DIGEST_HEX_SIZE] = '\0';
}

enum err
digest_from_hex(struct view hex, struct digest *out)
{
	return hex_decode_exact(hex, out->bytes, DIGEST_SIZE);
}

static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	if (sha256 == NULL || pthread_key_create(&context_key, context_free) != 0)
		abort();
}

static void
context_free(void *ctx)
{
	/* Another destructor of this thread may still hash: it gets a new context. */
	context = NULL;
	EVP_MD_CTX_free(ctx);
}

static EVP_MD_CTX *
context_make(void)
{
	pthread_once(&once, fetch);
	context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex2(context, sha256, NULL) != 1 ||
	    pthread_setspecific(context_key, context) != 0)
		abort();
	return context;
}
