#include "proto/signature.h"

#include <openssl/err.h>

enum err
signature_verify(EVP_PKEY *key, const EVP_MD *hash, struct view message, struct view signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_SIGNATURE;

	if (ctx == NULL) {
		e = ERR_MEMORY;
	} else if (key != NULL) {
		if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
			hash = NULL;
		if (EVP_DigestVerifyInit(ctx, NULL, hash, NULL, key) == 1 &&
		    EVP_DigestVerify(
			ctx, signature.data, signature.size, message.data, message.size) == 1)
			e = ERR_OK;
	}
	ERR_clear_error(); /* also of whoever could not make the key */
	EVP_MD_CTX_free(ctx);
	return e;
}
