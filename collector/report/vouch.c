#include "collector/report/vouch.h"

#include "proto/wire/message.h"

enum err
vouch_sign(EVP_PKEY *key, struct view bundle, struct buf *signature)
{
	const bool is_edwards = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
	struct buf bytes = BUF_INIT;
	EVP_MD_CTX *context = NULL;
	size_t size = MESSAGE_SIGNATURE_MAX;
	enum err e = ERR_CRYPTO;
	uint8_t *p;

	if (!is_edwards && EVP_PKEY_get_base_id(key) != EVP_PKEY_EC &&
	    EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return ERR_UNSUPPORTED;
	bundle_signed_bytes(bundle, &bytes);
	p = buf_reserve(signature, MESSAGE_SIGNATURE_MAX);
	if (buf_status(&bytes) != ERR_OK || p == NULL || (context = EVP_MD_CTX_new()) == NULL) {
		e = ERR_MEMORY;
	} else if (EVP_DigestSignInit_ex(
		       context, NULL, is_edwards ? NULL : "SHA256", NULL, NULL, key, NULL) == 1 &&
		   EVP_DigestSign(context, p, &size, bytes.data, bytes.size) == 1) {
		signature->size += size;
		e = ERR_OK;
	}
	EVP_MD_CTX_free(context);
	buf_free(&bytes);
	return e;
}
