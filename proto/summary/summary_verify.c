/*
 * By whose key a summary is signed (summary.h).
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "proto/signature.h"
#include "proto/summary/summary.h"

#define P384_BITS 384 /* of a key whose signatures are over SHA-384 (RFC 7518, 3.4) */

static enum err verify_pss(EVP_PKEY *key, struct view message, struct view signature);

enum err
summary_key_id(EVP_PKEY *key, struct digest *out)
{
	unsigned char *der = NULL;
	const int size = i2d_PUBKEY(key, &der);

	if (size <= 0)
		return ERR_CRYPTO;
	digest_of(der, (size_t)size, out);
	OPENSSL_free(der);
	return ERR_OK;
}

enum err
summary_verify(const struct summary_document *d, EVP_PKEY *key)
{
	const bool is_ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
	const EVP_MD *hash =
	    is_ec && EVP_PKEY_get_bits(key) == P384_BITS ? EVP_sha384() : EVP_sha256();
	const struct view signature = buf_view(&d->signature);
	struct buf message = BUF_INIT;
	struct digest id;
	enum err e;

	if ((e = summary_key_id(key, &id)) != ERR_OK)
		return e;
	if (!digest_equal(&id, &d->key_id))
		return ERR_UNKNOWN_KEY;
	summary_signed_bytes(buf_view(&d->payload), &message);
	if ((e = buf_status(&message)) == ERR_OK &&
	    (e = signature_verify(key, hash, buf_view(&message), signature)) == ERR_SIGNATURE &&
	    EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		e = verify_pss(key, buf_view(&message), signature);
	buf_free(&message);
	return e;
}

/* With a salt as long as the hash (RFC 7518, 3.5). */
static enum err
verify_pss(EVP_PKEY *key, struct view message, struct view signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	enum err e = ERR_SIGNATURE;

	if (ctx == NULL)
		return ERR_MEMORY;
	if (EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, key) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) != 1)
		e = ERR_CRYPTO;
	else if (EVP_DigestVerify(
		     ctx, signature.data, signature.size, message.data, message.size) == 1)
		e = ERR_OK;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return e;
}
