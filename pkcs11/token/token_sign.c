/*
 * Signing, checked against the certificate before anybody sees it. Raw Cryptoki: libp11 uses a key
 * only where it has listed all keys of the token, and hides which error a call gave. It costs the
 * same: with a token of 10 ms a signature, 16 threads make 1,549 signatures a second through libp11
 * and 1,542 by C_Sign itself (tests/bench/rawsign.c, with --libp11 and without). C_Sign in one
 * part: some HSMs do not balance several parts over their group.
 */
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/token_state.h"
#include "proto/tlog/note.h"

#define RAW_HALF_SIZE 32   /* bytes of r, and of s */
#define RSA_SIZE_MAX  1024 /* bytes of a signature by a key of 8,192 bits: operators have such */

/* DER of DigestInfo (RFC 8017, 9.2) up to the SHA-256 itself. */
static const uint8_t digest_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

/* The context is made once: to look algorithms up costs as much as some of the work. */
struct token_signer {
	struct token *token;
	ck_session_handle_t session;
	bool session_own; /* to be closed */
	EVP_PKEY_CTX *verify;
	struct buf made;
};

static void refuse_signature(const struct token_signer *s);
static enum err session_take(struct token_signer *s);
static EVP_PKEY_CTX *verifier_new(EVP_PKEY *key, bool ecdsa);
static enum err sign_and_verify(struct token_signer *s, struct view bytes);
static enum err sign_digest(struct token_signer *s, const struct digest *digest);
static ck_rv_t call_sign(struct token_signer *s, struct view input, unsigned long *size);
static enum err ecdsa_normalise(struct buf *der);
static enum err ecdsa_to_raw(struct view der, uint8_t raw[2 * RAW_HALF_SIZE]);
static bool verifies(struct token_signer *s, const struct digest *digest);

enum err
token_signer_new(struct token *t, EVP_PKEY *certificate_key, struct token_signer **out)
{
	struct token_signer *s = calloc(1, sizeof(*s));
	enum err e;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->token = t;
	s->made = BUF_INIT;
	if ((s->verify = verifier_new(certificate_key, t->ecdsa)) == NULL) {
		complain_crypto("key '%s': cannot be used for signatures", t->config->key_label);
		e = ERR_TOKEN;
	} else {
		e = session_take(s);
	}
	if (e == ERR_OK)
		*out = s;
	else
		token_signer_free(&s);
	return e;
}

void
token_signer_free(struct token_signer **s)
{
	if (*s == NULL)
		return;
	if ((*s)->session_own)
		(void)TOKEN_CALL((*s)->token, C_CloseSession, (*s)->session);
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
		refuse_signature(s);
	if (e == ERR_OK && ecdsa && (e = ecdsa_to_raw(buf_view(&s->made), raw)) == ERR_OK)
		buf_append(signature, raw, sizeof(raw));
	else if (e == ERR_OK)
		buf_append_view(signature, buf_view(&s->made));
	return e == ERR_OK ? buf_status(signature) : e;
}

enum err
token_sign_der(struct token_signer *s, struct view bytes, struct buf *signature)
{
	enum err e = sign_and_verify(s, bytes);

	if (e == ERR_KEY_MISMATCH)
		refuse_signature(s);
	if (e == ERR_OK)
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
		    t->config->key_label, t->info.name);
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
	e = sign_digest(s, &digest);
	return e == ERR_OK && !verifies(s, &digest) ? ERR_KEY_MISMATCH : e;
}

static void
refuse_signature(const struct token_signer *s)
{
	complain(
	    "key '%s' made a signature that its certificate does not verify; the token may have "
	    "been reset or replaced",
	    s->token->config->key_label);
}

/* During the setup that of the setup; then the first takes it over, with the login that lives in
 * it. */
static enum err
session_take(struct token_signer *s)
{
	struct token *t = s->token;
	enum err e = ERR_OK;

	if (t->session_open) {
		s->session = t->session;
		s->session_own = t->setup_done;
		t->session_open = !t->setup_done;
	} else {
		e = token_open_session(t, false, &s->session);
		s->session_own = e == ERR_OK;
	}
	return e;
}

static EVP_PKEY_CTX *
verifier_new(EVP_PKEY *key, bool ecdsa)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    (ecdsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* ECDSA of a size that P-256 does not have is none of this key's: ERR_KEY_MISMATCH. */
static enum err
sign_digest(struct token_signer *s, const struct digest *digest)
{
	const bool ecdsa = s->token->ecdsa;
	uint8_t info[sizeof(digest_info) + DIGEST_SIZE];
	struct view input = {digest->bytes, DIGEST_SIZE};
	unsigned long size;
	ck_rv_t rv;

	if (!ecdsa) {
		memcpy(info, digest_info, sizeof(digest_info));
		memcpy(info + sizeof(digest_info), digest->bytes, DIGEST_SIZE);
		input = (struct view){info, sizeof(info)};
	}
	if (buf_reserve(&s->made, RSA_SIZE_MAX) == NULL)
		return ERR_MEMORY;
	if ((rv = call_sign(s, input, &size)) != CKR_OK) {
		complain("key '%s': the token does not sign: PKCS#11 error 0x%lx, %s",
		    s->token->config->key_label, rv, failure_text(rv));
		return ERR_TOKEN;
	}
	if (ecdsa)
		return size == 2 * RAW_HALF_SIZE ? ecdsa_normalise(&s->made) : ERR_KEY_MISMATCH;
	s->made.size = size;
	return ERR_OK;
}

static ck_rv_t
call_sign(struct token_signer *s, struct view input, unsigned long *size)
{
	struct token *t = s->token;
	struct ck_mechanism mechanism = {t->ecdsa ? CKM_ECDSA : CKM_RSA_PKCS, NULL, 0};
	ck_rv_t rv = TOKEN_CALL(t, C_SignInit, s->session, &mechanism, t->key.private);

	*size = RSA_SIZE_MAX;
	if (rv == CKR_OK)
		rv = TOKEN_CALL(t, C_Sign, s->session, (unsigned char *)input.data, input.size,
		    s->made.data, size);
	return rv == CKR_OK && *size > RSA_SIZE_MAX ? CKR_GENERAL_ERROR : rv;
}

/* To the one form that notes take (proto/tlog/note.h): it is this one that is verified. */
static enum err
ecdsa_normalise(struct buf *made)
{
	uint8_t raw[2 * RAW_HALF_SIZE];
	enum err e;

	memcpy(raw, made->data, sizeof(raw));
	e = note_ecdsa_from_raw((struct view){raw, sizeof(raw)}, made);
	return e == ERR_SIGNATURE ? ERR_KEY_MISMATCH : e;
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
