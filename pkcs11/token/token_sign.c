/*
 * Signing: through libp11's EVP_PKEY, checked against the certificate before anybody sees it.
 *
 * libp11's pool gives each call a session of its own and holds no lock while the module signs: with
 * a token of 10 ms a signature, 16 threads make 1,549 signatures a second through it and 1,542 by
 * C_Sign itself (tests/bench/rawsign.c, with --libp11 and without).
 */
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"
#include "proto/tlog/note.h"

#define RAW_HALF_SIZE 32 /* bytes of r, and of s */

/* Contexts are made once: to look algorithms up costs as much as some of the work. */
struct token_signer {
	struct token *token;
	EVP_PKEY_CTX *sign, *verify;
	struct buf made;
};

static EVP_PKEY_CTX *context_new(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *ctx), bool ecdsa);
static enum err sign_and_verify(struct token_signer *s, struct view bytes);
static enum err sign_digest(struct token_signer *s, const struct digest *digest);
static enum err ecdsa_normalise(struct buf *der);
static enum err ecdsa_to_raw(struct view der, uint8_t raw[2 * RAW_HALF_SIZE]);
static bool verifies(struct token_signer *s, const struct digest *digest);

enum err
token_signer_new(struct token *t, EVP_PKEY *certificate_key, struct token_signer **out)
{
	struct token_signer *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->token = t;
	s->made = BUF_INIT;
	s->sign = context_new(t->private_key, EVP_PKEY_sign_init, t->ecdsa);
	s->verify = context_new(certificate_key, EVP_PKEY_verify_init, t->ecdsa);
	if (s->sign == NULL || s->verify == NULL) {
		complain_crypto("key '%s': cannot be used for signatures", t->config->key_label);
		token_signer_free(&s);
		return ERR_TOKEN;
	}
	*out = s;
	return ERR_OK;
}

void
token_signer_free(struct token_signer **s)
{
	if (*s == NULL)
		return;
	EVP_PKEY_CTX_free((*s)->sign);
	EVP_PKEY_CTX_free((*s)->verify);
	buf_free(&(*s)->made);
	free(*s);
	*s = NULL;
}

enum err
token_sign(struct token_signer *s, struct view bytes, struct buf *signature)
{
	bool ecdsa = s->token->ecdsa;
	uint8_t raw[2 * RAW_HALF_SIZE];
	enum err e = sign_and_verify(s, bytes);

	if (e == ERR_KEY_MISMATCH)
		complain("key '%s' made a signature that its certificate does not verify; the "
			 "token may have been reset or replaced",
		    s->token->config->key_label);
	if (e == ERR_OK && ecdsa && (e = ecdsa_to_raw(buf_view(&s->made), raw)) == ERR_OK)
		buf_append(signature, raw, sizeof(raw));
	else if (e == ERR_OK)
		buf_append_view(signature, buf_view(&s->made));
	return e == ERR_OK ? buf_status(signature) : e;
}

enum err
token_check_halves(struct token *t)
{
	struct token_signer *s;
	enum err e = token_signer_new(t, t->public_key, &s);

	if (e == ERR_OK &&
	    (e = sign_and_verify(s, VIEW_LITERAL(TOKEN_TEST_TEXT))) == ERR_KEY_MISMATCH)
		complain("key '%s' made a signature that its public half does not verify: another "
			 "public key on token '%s' has the same id (CKA_ID); give that one another",
		    t->config->key_label, t->info.label);
	token_signer_free(&s);
	return e;
}

/* Into s->made. ERR_KEY_MISMATCH is for the caller to explain. */
static enum err
sign_and_verify(struct token_signer *s, struct view bytes)
{
	struct digest digest;
	enum err e;

	digest_of(bytes.data, bytes.size, &digest);
	buf_clear(&s->made);
	token_call_begin(s->token);
	e = sign_digest(s, &digest);
	token_call_end();
	if (e == ERR_OK && s->token->ecdsa)
		e = ecdsa_normalise(&s->made);
	return e == ERR_OK && !verifies(s, &digest) ? ERR_KEY_MISMATCH : e;
}

static EVP_PKEY_CTX *
context_new(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *ctx), bool ecdsa)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (ctx != NULL && init(ctx) == 1 &&
	    (ecdsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static enum err
sign_digest(struct token_signer *s, const struct digest *digest)
{
	size_t size = 0;
	uint8_t *room;

	if (EVP_PKEY_sign(s->sign, NULL, &size, digest->bytes, DIGEST_SIZE) == 1 &&
	    (room = buf_reserve(&s->made, size)) != NULL &&
	    EVP_PKEY_sign(s->sign, room, &size, digest->bytes, DIGEST_SIZE) == 1) {
		s->made.size += size;
		return ERR_OK;
	}
	complain_crypto("key '%s': the token does not sign", s->token->config->key_label);
	return ERR_TOKEN;
}

/* To the one form that notes take (proto/tlog/note.h): it is this one that is verified. */
static enum err
ecdsa_normalise(struct buf *der)
{
	uint8_t raw[2 * RAW_HALF_SIZE];
	enum err e = ecdsa_to_raw(buf_view(der), raw);

	buf_clear(der);
	return e == ERR_OK ? note_ecdsa_from_raw((struct view){raw, sizeof(raw)}, der) : e;
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
verifies(struct token_signer *s, const struct digest *digest)
{
	bool good =
	    EVP_PKEY_verify(s->verify, s->made.data, s->made.size, digest->bytes, DIGEST_SIZE) == 1;

	ERR_clear_error();
	return good;
}
