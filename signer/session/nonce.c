#include "signer/session/nonce.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "proto/bytes.h"

#define KEY_SIZE 32 /* bytes: AES-256 */

struct nonce_source {
	EVP_CIPHER_CTX *encrypt;
	EVP_CIPHER_CTX *decrypt;
	uint64_t serial; /* of the last nonce given */
};

static uint32_t low_half(uint64_t number);

struct nonce_source *
nonce_source_new(void)
{
	struct nonce_source *s = calloc(1, sizeof(*s));
	uint8_t key[KEY_SIZE];

	if (s == NULL)
		return NULL;
	s->encrypt = EVP_CIPHER_CTX_new();
	s->decrypt = EVP_CIPHER_CTX_new();
	if (s->encrypt == NULL || s->decrypt == NULL || RAND_priv_bytes(key, sizeof(key)) != 1 ||
	    EVP_EncryptInit_ex(s->encrypt, EVP_aes_256_ecb(), NULL, key, NULL) != 1 ||
	    EVP_DecryptInit_ex(s->decrypt, EVP_aes_256_ecb(), NULL, key, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(s->encrypt, 0) != 1 ||
	    EVP_CIPHER_CTX_set_padding(s->decrypt, 0) != 1)
		nonce_source_free(&s);
	OPENSSL_cleanse(key, sizeof(key));
	return s;
}

void
nonce_source_free(struct nonce_source **s)
{
	if (*s == NULL)
		return;
	EVP_CIPHER_CTX_free((*s)->encrypt);
	EVP_CIPHER_CTX_free((*s)->decrypt);
	free(*s);
	*s = NULL;
}

void
nonce_make(struct nonce_source *s, uint64_t connection, uint64_t now_ms, uint8_t nonce[NONCE_SIZE])
{
	uint8_t plain[NONCE_SIZE];
	int size;

	s->serial++;
	be64_put(plain, connection);
	be64_put(plain + 8, s->serial);
	be64_put(plain + 16, now_ms);
	be32_put(plain + 24, low_half(connection));
	be32_put(plain + 28, low_half(s->serial));
	if (EVP_EncryptUpdate(s->encrypt, nonce, &size, plain, NONCE_SIZE) != 1)
		abort(); /* an initialised block cipher cannot fail */
}

enum err
nonce_check(struct nonce_source *s, uint64_t connection, uint64_t now_ms, uint64_t lifetime_ms,
    const uint8_t nonce[NONCE_SIZE], struct nonce_word *out)
{
	uint8_t plain[NONCE_SIZE];
	uint64_t found, given_ms;
	int size;

	*out = (struct nonce_word){0};
	if (EVP_DecryptUpdate(s->decrypt, plain, &size, nonce, NONCE_SIZE) != 1)
		abort();
	found = be64_get(plain + 8);
	given_ms = be64_get(plain + 16);
	if (be64_get(plain) != connection || found == 0 || found > s->serial ||
	    be32_get(plain + 24) != low_half(connection) ||
	    be32_get(plain + 28) != low_half(found) || given_ms > now_ms)
		return ERR_NONCE_UNKNOWN;
	if (now_ms - given_ms > lifetime_ms)
		return ERR_NONCE_EXPIRED;
	*out = (struct nonce_word){.serial = found, .age_ms = now_ms - given_ms};
	return ERR_OK;
}

static uint32_t
low_half(uint64_t number)
{
	return (uint32_t)(number & 0xffffffffU);
}
