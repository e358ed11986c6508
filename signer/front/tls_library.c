/*
 * A provider has two sides: tables that say what it has, and the functions in them, which are
 * called with the context that the provider was begun with. Ours is begun with the context of a
 * default provider, in a library context behind ours, and gives that one's tables, two of them
 * abridged. So all functions are the default provider's own and find what they expect.
 */
#include "signer/front/tls_library.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PROVIDER_NAME "hallmark-tls"

#define TABLE_MAX 16 /* entries of an abridged table with its end; more would be left out */

struct tls_library {
	OSSL_LIB_CTX *behind, *context;
	OSSL_PROVIDER *whole, *abridged;
};

/* What is left of an operation's table: algorithms by their first name, with a property. */
struct choice {
	int operation;
	const char *property; /* part of its text */
	const char *names[TABLE_MAX];
};

static const struct choice choices[] = {
    /* SHA-1 is no signature's here: X.509 names are hashed with it. */
    {OSSL_OP_DIGEST, "", {"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512"}},
    {OSSL_OP_CIPHER, "", {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"}},
    {OSSL_OP_MAC, "", {"HMAC"}},
    {OSSL_OP_KDF, "", {"HKDF", "TLS13-KDF"}},
    {OSSL_OP_RAND, "", {"CTR-DRBG", "SEED-SRC"}},
    /* Of certificates, for the exchange, and for the proof that one knows a session. */
    {OSSL_OP_KEYMGMT, "", {"EC", "RSA", "RSA-PSS", "ED25519", "ED448", "X25519", "X448", "HMAC"}},
    {OSSL_OP_KEYEXCH, "", {"ECDH", "X25519", "X448"}},
    {OSSL_OP_SIGNATURE, "", {"ECDSA", "RSA", "ED25519", "ED448", "HMAC"}},
    /* Of a certificate's key; "DER" is the one that finds out whose it is. */
    {OSSL_OP_DECODER, "structure=SubjectPublicKeyInfo",
	{"DER", "EC", "RSA", "RSA-PSS", "ED25519", "ED448"}},
};
#define CHOICES (sizeof(choices) / sizeof(choices[0]))

/* The same for each library: the tables are constants of libcrypto. */
static OSSL_DISPATCH dispatch[TABLE_MAX];
static OSSL_ALGORITHM tables[CHOICES][TABLE_MAX];

/* Of the library that is being made: what OpenSSL calls us with says nothing of it. */
static void *whole_context;

static bool draw_tables(OSSL_PROVIDER *whole);
static OSSL_provider_init_fn begin;
static OSSL_FUNC_provider_query_operation_fn query;
static bool abridge(OSSL_PROVIDER *whole, const struct choice *choice, OSSL_ALGORITHM *to);
static bool is_chosen(const OSSL_ALGORITHM *algorithm, const struct choice *choice);

enum err
tls_library_new(struct tls_library **out)
{
	struct tls_library *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return ERR_MEMORY;
	if ((l->behind = OSSL_LIB_CTX_new()) == NULL || (l->context = OSSL_LIB_CTX_new()) == NULL ||
	    (l->whole = OSSL_PROVIDER_load(l->behind, "default")) == NULL ||
	    !draw_tables(l->whole)) {
		tls_library_free(&l);
		return ERR_CRYPTO;
	}
	whole_context = OSSL_PROVIDER_get0_provider_ctx(l->whole);
	if (OSSL_PROVIDER_add_builtin(l->context, PROVIDER_NAME, begin) != 1 ||
	    (l->abridged = OSSL_PROVIDER_load(l->context, PROVIDER_NAME)) == NULL) {
		tls_library_free(&l);
		return ERR_CRYPTO;
	}
	*out = l;
	return ERR_OK;
}

void
tls_library_free(struct tls_library **lp)
{
	struct tls_library *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	if (l->abridged != NULL)
		OSSL_PROVIDER_unload(l->abridged);
	OSSL_LIB_CTX_free(l->context);
	if (l->whole != NULL)
		OSSL_PROVIDER_unload(l->whole);
	OSSL_LIB_CTX_free(l->behind);
	free(l);
}

OSSL_LIB_CTX *
tls_library_context(const struct tls_library *l)
{
	return l->context;
}

/* False if the provider is not as this file expects. */
static bool
draw_tables(OSSL_PROVIDER *whole)
{
	const OSSL_DISPATCH *from = OSSL_PROVIDER_get0_dispatch(whole);
	size_t n = 0;

	if (dispatch[0].function_id != 0)
		return true; /* drawn for another library, which may be in use */
	for (size_t i = 0; i < CHOICES; i++)
		if (!abridge(whole, &choices[i], tables[i]))
			return false;
	for (; from->function_id != 0 && n < TABLE_MAX - 1; from++) {
		if (from->function_id == OSSL_FUNC_PROVIDER_TEARDOWN)
			continue; /* its context is not ours to end */
		dispatch[n] = *from;
		if (from->function_id == OSSL_FUNC_PROVIDER_QUERY_OPERATION)
			dispatch[n].function = (void (*)(void))query;
		n++;
	}
	return true;
}

static int
begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **context)
{
	(void)handle;
	(void)in;
	*out = dispatch;
	*context = whole_context;
	return 1;
}

static const OSSL_ALGORITHM *
query(void *context, int operation, int *no_cache)
{
	(void)context;
	*no_cache = 0;
	for (size_t i = 0; i < CHOICES; i++)
		if (choices[i].operation == operation)
			return tables[i];
	return NULL;
}

/* False if there is none of it. */
static bool
abridge(OSSL_PROVIDER *whole, const struct choice *choice, OSSL_ALGORITHM *to)
{
	int no_cache = 0;
	size_t n = 0;
	const OSSL_ALGORITHM *from =
	    OSSL_PROVIDER_query_operation(whole, choice->operation, &no_cache);

	for (; from != NULL && from->algorithm_names != NULL && n < TABLE_MAX - 1; from++)
		if (is_chosen(from, choice))
			to[n++] = *from;
	return n > 0;
}

/* The names are separated by colons, the first is the one that is in use. */
static bool
is_chosen(const OSSL_ALGORITHM *algorithm, const struct choice *choice)
{
	size_t size = strcspn(algorithm->algorithm_names, ":");

	for (const char *const *name = choice->names; *name != NULL; name++)
		if (strlen(*name) == size && memcmp(*name, algorithm->algorithm_names, size) == 0)
			return strstr(algorithm->property_definition, choice->property) != NULL;
	return false;
}
