/*
 * Signing, checked against the certificate before anybody sees it. Raw Cryptoki: libp11 uses a key
 * only where it has listed all keys of the token, and hides which error a call gave. It costs the
 * same: with a token of 10 ms a signature, 16 threads make 1,549 signatures a second through libp11
 * and 1,542 by C_Sign itself (tests/bench/rawsign.c, with --libp11 and without). C_Sign in one
 * part: some HSMs do not balance several parts over their group.
 */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/token_state.h"
#include "proto/ecdsa_known.h"
#include "proto/signature.h"
#include "proto/tlog/note_key.h"

#define RSA_SIZE_MAX  1024 /* bytes of a signature by a key of 8,192 bits: operators have such */
#define PSS_SALT_SIZE 32   /* bytes: as many as SHA-256 has (RFC 7518, 3.5) */

/* DER of DigestInfo (RFC 8017, 9.2) up to the SHA-256 itself. */
static const uint8_t digest_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

struct signer_session {
	ck_session_handle_t handle;
	bool own; /* to be closed, and renewed where it is lost */
};

/* Of a token, before it is verified: leaves this file by token_take_jws alone. */
struct kept {
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t digest_size;
	struct buf signature; /* as JWS have it */
};

/* The context is made once: to look algorithms up costs as much as some of the work. */
struct token_signer {
	struct token *token;
	const struct token_key *key;
	struct signer_session own;
	struct signer_session *session; /* that, or of the signer beside which this one is */
	EVP_PKEY *public;
	EVP_PKEY_CTX *verify;            /* of a digest; NULL: of the message */
	const struct ecdsa_known *known; /* for tokens; NULL: `verify` does */
	struct buf made;
	struct kept kept[TOKEN_KEPT_MAX];
	size_t kept_count;
};

/* What is given to the token: a digest, or of Ed25519 the message. */
struct signed_input {
	struct view bytes;
	uint8_t digest[EVP_MAX_MD_SIZE];
};

static enum err signer_make(
    struct token *t, enum token_which which, EVP_PKEY *certificate_key, struct token_signer **out);
static void refuse_signature(const struct token_signer *s);
static enum err session_take(struct token_signer *s);
static EVP_PKEY_CTX *verifier_new(EVP_PKEY *key, enum note_scheme scheme);
static enum err sign_and_verify(struct token_signer *s, struct view bytes);
static enum err make_input(
    const struct token_signer *s, const EVP_MD *hash, struct view bytes, struct signed_input *out);
static enum err keep(struct token_signer *s, struct view input, struct kept *k);
static enum err sign_input(struct token_signer *s, struct view input);
static enum err session_renew(struct token_signer *s);
static ck_rv_t call_sign_once(struct token_signer *s, struct view input, unsigned long *size);
static ck_rv_t call_sign(struct token_signer *s, struct view input, unsigned long *size);
static enum err ecdsa_normalise(struct view raw, struct buf *made);
static bool verifies(struct token_signer *s, struct view input);
static bool kept_verify(struct token_signer *s);
static bool kept_verify_known(const struct token_signer *s);

enum err
token_signer_new(
    struct token *t, enum token_which which, EVP_PKEY *certificate_key, struct token_signer **out)
{
	enum err e = signer_make(t, which, certificate_key, out);

	if (e == ERR_OK && (e = session_take(*out)) != ERR_OK)
		token_signer_free(out);
	return e;
}

enum err
token_signer_new_beside(struct token_signer *of, enum token_which which, EVP_PKEY *certificate_key,
    struct token_signer **out)
{
	enum err e = signer_make(of->token, which, certificate_key, out);

	if (e == ERR_OK)
		(*out)->session = of->session;
	return e;
}

static enum err
signer_make(
    struct token *t, enum token_which which, EVP_PKEY *certificate_key, struct token_signer **out)
{
	const struct token_key *k = &t->key[which];
	struct token_signer *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->token = t;
	s->key = k;
	s->session = &s->own;
	s->public = certificate_key;
	s->made = BUF_INIT;
	if (k->algorithm->scheme != NOTE_ED25519 &&
	    (s->verify = verifier_new(certificate_key, k->algorithm->scheme)) == NULL) {
		complain_crypto("key '%s': cannot be used for signatures", k->label);
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
	if ((*s)->own.own)
		(void)TOKEN_CALL((*s)->token, C_CloseSession, (*s)->own.handle);
	EVP_PKEY_CTX_free((*s)->verify);
	buf_free(&(*s)->made);
	for (size_t i = 0; i < TOKEN_KEPT_MAX; i++)
		buf_free(&(*s)->kept[i].signature);
	free(*s);
	*s = NULL;
}

enum err
token_look(struct token_signer *s, struct token_sight *out)
{
	return token_sight_now(s->token, s->session->handle, out);
}

enum err
token_sign(struct token_signer *s, struct view bytes, struct buf *signature)
{
	enum err e = sign_and_verify(s, bytes);

	if (e == ERR_KEY_MISMATCH)
		refuse_signature(s);
	if (e == ERR_OK)
		buf_append_view(signature, buf_view(&s->made));
	return e == ERR_OK ? buf_status(signature) : e;
}

void
token_signer_know(struct token_signer *s, const struct ecdsa_known *known)
{
	s->known = known;
}

enum err
token_sign_jws(struct token_signer *s, struct view bytes)
{
	struct kept *k = &s->kept[s->kept_count];
	struct signed_input input;
	enum err e;

	if (s->kept_count == TOKEN_KEPT_MAX || s->verify == NULL)
		abort(); /* what is kept was not taken, or this key signs no tokens */
	if ((e = make_input(s, algorithm_jws_hash(s->key->algorithm), bytes, &input)) == ERR_OK &&
	    (e = sign_input(s, input.bytes)) == ERR_OK)
		e = keep(s, input.bytes, k);
	if (e == ERR_KEY_MISMATCH)
		refuse_signature(s);
	return e;
}

enum err
token_take_jws(struct token_signer *s, struct view out[TOKEN_KEPT_MAX], size_t *count)
{
	const size_t kept_count = s->kept_count;
	const bool good = kept_count == 0 || kept_verify(s);

	*count = 0;
	s->kept_count = 0;
	if (!good) {
		refuse_signature(s);
		return ERR_KEY_MISMATCH;
	}
	for (; *count < kept_count; ++*count)
		out[*count] = buf_view(&s->kept[*count].signature);
	return ERR_OK;
}

enum err
token_check_halves(struct token *t, enum token_which which)
{
	const struct token_key *k = &t->key[which];
	struct token_signer *s;
	enum err e = token_signer_new(t, which, k->public, &s);

	if (e == ERR_OK &&
	    (e = sign_and_verify(s, VIEW_LITERAL(TOKEN_TEST_TEXT))) == ERR_KEY_MISMATCH)
		complain("key '%s' made a signature that its public half does not verify: another "
			 "public key on token '%s' has the same id (CKA_ID); give that one another",
		    k->label, t->info.name);
	token_signer_free(&s);
	return e;
}

/* Into s->made, as notes have it. ERR_KEY_MISMATCH is for the caller to explain. */
static enum err
sign_and_verify(struct token_signer *s, struct view bytes)
{
	uint8_t raw[NOTE_RAW_ECDSA_MAX];
	struct signed_input input;
	enum err e;

	if ((e = make_input(s, NULL, bytes, &input)) != ERR_OK ||
	    (e = sign_input(s, input.bytes)) != ERR_OK)
		return e;
	if (s->key->algorithm->scheme == NOTE_ECDSA) {
		memcpy(raw, s->made.data, s->made.size);
		e = ecdsa_normalise((struct view){raw, s->made.size}, &s->made);
	}
	return e == ERR_OK && !verifies(s, input.bytes) ? ERR_KEY_MISMATCH : e;
}

/* Of what is kept it is this form that is verified, and that leaves. */
static enum err
keep(struct token_signer *s, struct view input, struct kept *k)
{
	enum err e = ERR_OK;

	if (s->key->algorithm->scheme == NOTE_ECDSA)
		e = note_ecdsa_lower(s->made.data, s->made.size);
	if (e != ERR_OK)
		return e == ERR_SIGNATURE ? ERR_KEY_MISMATCH : e;
	memcpy(k->digest, input.data, input.size);
	k->digest_size = input.size;
	buf_clear(&k->signature);
	buf_append_view(&k->signature, buf_view(&s->made));
	if ((e = buf_status(&k->signature)) == ERR_OK)
		s->kept_count++;
	return e;
}

/* `hash` NULL is SHA-256. */
static enum err
make_input(
    const struct token_signer *s, const EVP_MD *hash, struct view bytes, struct signed_input *out)
{
	struct digest digest;
	unsigned size = DIGEST_SIZE;

	out->bytes = bytes;
	if (s->verify == NULL)
		return ERR_OK;
	if (hash == NULL) {
		digest_of(bytes.data, bytes.size, &digest);
		memcpy(out->digest, digest.bytes, DIGEST_SIZE);
	} else if (EVP_Digest(bytes.data, bytes.size, out->digest, &size, hash, NULL) != 1)
		return ERR_CRYPTO;
	out->bytes = (struct view){out->digest, size};
	return ERR_OK;
}

static void
refuse_signature(const struct token_signer *s)
{
	complain("key '%s' made a signature that its %s does not verify; the token may have been "
		 "reset or replaced",
	    s->key->label, s->verify != NULL ? "certificate" : "verifier key");
}

/* During the setup that of the setup; then the first takes it over, with the login that lives in
 * it. */
static enum err
session_take(struct token_signer *s)
{
	struct token *t = s->token;
	enum err e = ERR_OK;

	if (t->session_open) {
		s->own = (struct signer_session){t->session, t->setup_done};
		t->session_open = !t->setup_done;
	} else {
		e = token_open_session(t, false, &s->own.handle);
		s->own.own = e == ERR_OK;
	}
	return e;
}

/* Of ECDSA the digest is what counts, not which hash it is of. */
static EVP_PKEY_CTX *
verifier_new(EVP_PKEY *key, enum note_scheme scheme)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	const bool pss = scheme == NOTE_RSA_PSS;

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    (scheme == NOTE_ECDSA ||
		(EVP_PKEY_CTX_set_rsa_padding(
		     ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		    (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, PSS_SALT_SIZE) == 1))))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/*
 * Into s->made, as the token makes it. ECDSA of a size that the curve does not have is none of this
 * key's: ERR_KEY_MISMATCH.
 */
static enum err
sign_input(struct token_signer *s, struct view input)
{
	const struct algorithm *a = s->key->algorithm;
	uint8_t info[sizeof(digest_info) + DIGEST_SIZE];
	unsigned long size;
	ck_rv_t rv;

	if (a->scheme == NOTE_RSA_PKCS1) {
		memcpy(info, digest_info, sizeof(digest_info));
		memcpy(info + sizeof(digest_info), input.data, DIGEST_SIZE);
		input = (struct view){info, sizeof(info)};
	}
	buf_clear(&s->made);
	if (buf_reserve(&s->made, RSA_SIZE_MAX) == NULL)
		return ERR_MEMORY;
	if ((rv = call_sign(s, input, &size)) != CKR_OK) {
		complain("key '%s': the token does not sign: PKCS#11 error 0x%lx, %s",
		    s->key->label, rv, failure_text(rv));
		return failure_error(FAILURE_SIGN, rv);
	}
	if (a->scheme == NOTE_ECDSA && size != (unsigned long)a->bits / 4)
		return ERR_KEY_MISMATCH;
	s->made.size = size;
	return ERR_OK;
}

/* Anew where that helps: what was signed is verified whatever it took. */
static ck_rv_t
call_sign(struct token_signer *s, struct view input, unsigned long *size)
{
	unsigned retry = 0;
	bool renewed = false;
	ck_rv_t rv;

	while ((rv = call_sign_once(s, input, size)) != CKR_OK) {
		enum failure_class reaction = failure_reaction(FAILURE_SIGN, rv);

		if (reaction == FAILURE_RETRY && retry < FAILURE_RETRIES)
			failure_pause(retry++);
		else if (reaction == FAILURE_SESSION && !renewed && session_renew(s) == ERR_OK)
			renewed = true;
		else
			break;
	}
	return rv;
}

static ck_rv_t
call_sign_once(struct token_signer *s, struct view input, unsigned long *size)
{
	struct token *t = s->token;
	const struct algorithm *a = s->key->algorithm;
	struct ck_rsa_pkcs_pss_params pss = {CKM_SHA256, CKG_MGF1_SHA256, PSS_SALT_SIZE};
	struct ck_mechanism mechanism = {a->sign, NULL, 0};
	ck_rv_t rv;

	if (a->scheme == NOTE_RSA_PSS)
		mechanism = (struct ck_mechanism){a->sign, &pss, sizeof(pss)};
	*size = RSA_SIZE_MAX;
	token_call_begin(t);
	rv = t->functions->C_SignInit(s->session->handle, &mechanism, s->key->private);
	if (rv == CKR_OK) /* with a deadline of its own, without the first one's end in between */
		rv = TOKEN_CALL(t, C_Sign, s->session->handle, (unsigned char *)input.data,
		    input.size, s->made.data, size);
	else
		token_call_end();
	return rv == CKR_OK && *size > RSA_SIZE_MAX ? CKR_GENERAL_ERROR : rv;
}

/*
 * A new one before the old is closed: the login ends with the last. If it was over, the new one is
 * not logged in, and a fresh process has to be.
 */
static enum err
session_renew(struct token_signer *s)
{
	struct signer_session *session = s->session;
	ck_session_handle_t lost = session->handle, fresh;
	enum err e = session->own ? token_open_session(s->token, false, &fresh) : ERR_TOKEN;

	if (e != ERR_OK)
		return e;
	session->handle = fresh;
	(void)TOKEN_CALL(s->token, C_CloseSession, lost);
	complain("key '%s': a session was lost; another goes on", s->key->label);
	return ERR_OK;
}

/* To the one form that notes take (proto/tlog/note_key.h): it is this one that is verified. */
static enum err
ecdsa_normalise(struct view raw, struct buf *made)
{
	enum err e;

	buf_clear(made);
	e = note_ecdsa_from_raw(raw, made);
	return e == ERR_SIGNATURE ? ERR_KEY_MISMATCH : e;
}

static bool
verifies(struct token_signer *s, struct view input)
{
	struct view made = buf_view(&s->made);
	bool good;

	if (s->verify == NULL)
		return signature_verify(s->public, NULL, input, made) == ERR_OK;
	good = EVP_PKEY_verify(s->verify, made.data, made.size, input.data, input.size) == 1;
	ERR_clear_error();
	return good;
}

/* All of them; whatever fails: false. */
static bool
kept_verify(struct token_signer *s)
{
	if (s->known != NULL)
		return kept_verify_known(s);
	for (struct kept *k = s->kept; k < s->kept + s->kept_count; k++) {
		const struct view signature = buf_view(&k->signature);

		buf_clear(&s->made);
		if (s->key->algorithm->scheme == NOTE_ECDSA) {
			if (ecdsa_normalise(signature, &s->made) != ERR_OK)
				return false;
		} else {
			buf_append_view(&s->made, signature);
		}
		if (buf_status(&s->made) != ERR_OK ||
		    !verifies(s, (struct view){k->digest, k->digest_size}))
			return false;
	}
	return true;
}

static bool
kept_verify_known(const struct token_signer *s)
{
	struct ecdsa_signed all[TOKEN_KEPT_MAX];

	for (size_t i = 0; i < s->kept_count; i++)
		all[i] =
		    (struct ecdsa_signed){.digest = {s->kept[i].digest, s->kept[i].digest_size},
			.signature = buf_view(&s->kept[i].signature)};
	return ecdsa_known_verify(s->known, all, s->kept_count);
}
