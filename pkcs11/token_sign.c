/*
 * Signing: through libp11's EVP_PKEY, checked against the certificate before anybody sees it.
 */
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "pkcs11/complain.h"
#include "pkcs11/token_state.h"
#include "proto/note.h"

#define RAW_HALF_SIZE 32 /* bytes of r, and of s */

static enum err sign_digest(struct token *t, const struct digest *digest, struct buf *out);
static enum err ecdsa_normalise(struct buf *der);
static enum err ecdsa_to_raw(struct view der, uint8_t raw[2 * RAW_HALF_SIZE]);
static bool verifies(EVP_PKEY *key, struct view bytes, struct view signature);

enum err
token_sign(struct token *t, EVP_PKEY *certificate_key, struct view bytes, struct buf *signature)
{
	uint8_t raw[2 * RAW_HALF_SIZE];
	struct buf made = BUF_INIT;
	struct digest digest;
	enum err e;

	digest_of(bytes.data, bytes.size, &digest);
	token_call_begin(t);
	e = sign_digest(t, &digest, &made);
	token_call_end();
	if (e == ERR_OK && t->ecdsa)
		e = ecdsa_normalise(&made);
	if (e == ERR_OK && !verifies(certificate_key, bytes, buf_view(&made))) {
		complain("key '%s' made a signature that its certificate does not verify; the "
			 "token may have been reset or replaced",
		    t->config->key_label);
		e = ERR_KEY_MISMATCH;
	}
	if (e == ERR_OK && t->ecdsa && (e = ecdsa_to_raw(buf_view(&made), raw)) == ERR_OK)
		buf_append(signature, raw, sizeof(raw));
	else if (e == ERR_OK)
		buf_append_view(signature, buf_view(&made));
	buf_free(&made);
	return e == ERR_OK ? buf_status(signature) : e;
}

static enum err
sign_digest(struct token *t, const struct digest *digest, struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(t->private_key, NULL);
	size_t size = 0;
	uint8_t *room;
	enum err e = ERR_TOKEN;

	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (t->ecdsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_sign(ctx, NULL, &size, digest->bytes, DIGEST_SIZE) == 1 &&
	    (room = buf_reserve(out, size)) != NULL &&
	    EVP_PKEY_sign(ctx, room, &size, digest->bytes, DIGEST_SIZE) == 1) {
		out->size += size;
		e = ERR_OK;
	} else {
		complain_crypto("key '%s': the token does not sign", t->config->key_label);
	}
	EVP_PKEY_CTX_free(ctx);
	return e;
}

/* To the one form that notes take (proto/note.h): it is this one that is verified. */
static enum err
ecdsa_normalise(struct buf *der)
{
	uint8_t raw[2 * RAW_HALF_SIZE];
	enum err e = ecdsa_to_raw(buf_view(der), raw);

	buf_clear(der);
	return e == ERR_OK ? note_ecdsa_from_raw(raw, der) : e;
}

static enum err
ecdsa_to_raw(struct view der, uint8_t raw[2 * RAW_HALF_SIZE])
{
	const unsigned char *bytes = der.data;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &bytes, (long)der.size);
	enum err e = ERR_TOKEN;

	if (signature != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, RAW_HALF_SIZE) == RAW_HALF_SIZE &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + RAW_HALF_SIZE, RAW_HALF_SIZE) ==
		RAW_HALF_SIZE)
		e = ERR_OK;
	else
		complain_crypto("the token's signature is not one of P-256");
	ECDSA_SIG_free(signature);
	return e;
}

static bool
verifies(EVP_PKEY *key, struct view bytes, struct view signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
	    ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.size, bytes.data, bytes.size) == 1;

	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return good;
}
