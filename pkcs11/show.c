/*
 * What `hallmark-hsm show` says (ceremony.h): one sheet, as a table or as JSON.
 */
#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pkcs11/ceremony.h"
#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/token/certificate.h"
#include "pkcs11/token/token.h"
#include "pkcs11/token/verifier_file.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/tlog/note.h"
#include "proto/utc.h"

/*
 * Bytes of one shown value: the longest is the verifier key line, of RSA-8192 under an origin of
 * 200 bytes some 1,700.
 */
#define VALUE_MAX 2048

/* What is shown, line after line; as a table or as one JSON object. */
struct sheet {
	bool json;
	unsigned lines;
};

static void put_line(struct sheet *s, const char *name, struct view value, bool quoted);
static void put(struct sheet *s, const char *name, struct view value);
static void put_string(struct sheet *s, const char *name, const char *value);
static void put_bool(struct sheet *s, const char *name, bool value);
static void show_token(struct sheet *s, const struct hsm_config *c, const struct token *token);
static void show_key(struct sheet *s, const struct hsm_config *c, const struct token *token,
    const struct token_key_attributes *a);
static void put_told(struct sheet *s, const char *name, bool value, unsigned vouched);
static const char *verdict(const struct token_key_attributes *a);
static enum err show_certificate(struct sheet *s, const struct hsm_config *c,
    const struct token *token, const STACK_OF(X509) * chain);
static void show_authorities(struct sheet *s, const STACK_OF(X509) * chain);
static void show_no_certificate(struct sheet *s);
static void show_verifier(struct sheet *s, const struct hsm_config *c, EVP_PKEY *key);
static enum err show_beside(struct sheet *s, const struct hsm_config *c, struct token *token);
static enum err show_guard(struct sheet *s, const struct hsm_config *c, EVP_PKEY *key);
static void put_name(struct sheet *s, const char *name, const X509_NAME *of);
static void put_time(struct sheet *s, const char *name, const ASN1_TIME *time);

int
ceremony_show(const struct hsm_config *c, bool json, const struct transcript_request *r)
{
	struct sheet s = {json, 0};
	struct token *token = NULL;
	struct token_key_attributes a;
	const bool made[TOKEN_KEYS] = {false, false};
	struct transcript *transcript;
	STACK_OF(X509) *chain = NULL;
	enum err guard, beside, e = transcript_begin(r, false, &transcript);

	if (e == ERR_OK && (e = token_open(c, TOKEN_CEREMONY, &token)) == ERR_OK &&
	    (e = token_find_key(token, TOKEN_FIRST)) == ERR_OK &&
	    (e = token_key_attributes(token, TOKEN_FIRST, &a)) == ERR_OK) {
		show_token(&s, c, token);
		show_key(&s, c, token, &a);
		if (access(c->certificate, F_OK) != 0 && errno == ENOENT)
			show_no_certificate(&s);
		else if ((e = certificate_read_chain(c->certificate, &chain)) == ERR_OK)
			e = show_certificate(&s, c, token, chain);
		show_verifier(&s, c, token_public_key(token, TOKEN_FIRST));
		beside = c->ed25519_label != NULL ? show_beside(&s, c, token) : ERR_OK;
		guard = show_guard(&s, c, token_public_key(token, TOKEN_FIRST));
		e = e != ERR_OK ? e : guard != ERR_OK ? guard : beside;
		if (json)
			puts("\n}");
		if (e == ERR_OK)
			e = transcript_write(transcript, c, token, made, !json);
	}
	transcript_free(&transcript);
	certificate_free_chain(&chain);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

static void
show_token(struct sheet *s, const struct hsm_config *c, const struct token *token)
{
	put_string(s, "token", token_info(token)->label);
	put_string(s, "manufacturer", token_info(token)->manufacturer);
	put_string(s, "model", token_info(token)->model);
	put_string(s, "serial", token_info(token)->serial);
	put_string(s, "module", c->module);
}

static void
show_key(struct sheet *s, const struct hsm_config *c, const struct token *token,
    const struct token_key_attributes *a)
{
	const struct algorithm *algorithm = algorithm_of(c->algorithm);
	struct buf id = BUF_INIT;

	hex_append(&id, token_key_id(token, TOKEN_FIRST));
	put_string(s, "key", c->key_label);
	put(s, "key id", buf_view(&id));
	buf_free(&id);
	put_string(s, "key type", algorithm->type);
	put_string(s, "mechanism", algorithm->mechanism);
	put_bool(s, "CKA_SENSITIVE", a->sensitive);
	put_told(s, "CKA_ALWAYS_SENSITIVE", a->always_sensitive, a->vouched & HSM_ALWAYS_SENSITIVE);
	put_bool(s, "CKA_EXTRACTABLE", a->extractable);
	put_told(
	    s, "CKA_NEVER_EXTRACTABLE", a->never_extractable, a->vouched & HSM_NEVER_EXTRACTABLE);
	put_told(s, "CKA_LOCAL", a->local, a->vouched & HSM_LOCAL);
	put_string(s, "verdict", verdict(a));
}

static void
put_told(struct sheet *s, const char *name, bool value, unsigned vouched)
{
	if (vouched != 0)
		put_string(s, name, "not told by the token; vouched for in hsm.yaml");
	else
		put_bool(s, name, value);
}

static const char *
verdict(const struct token_key_attributes *a)
{
	if (!token_key_is_safe(a))
		return "REFUSED: the key can, or could, leave the token";
	return a->vouched == 0
		   ? "the key was made on the token and cannot leave it"
		   : "the key cannot leave the token; what it does not tell of the past "
		     "is vouched for in hsm.yaml";
}

static enum err
show_certificate(struct sheet *s, const struct hsm_config *c, const struct token *token,
    const STACK_OF(X509) * chain)
{
	X509 *x = sk_X509_value(chain, 0);
	struct buf der = BUF_INIT;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];
	const enum err e =
	    certificate_check_key(c->certificate, x, token_public_key(token, TOKEN_FIRST));

	put_string(s, "certificate", c->certificate);
	put_name(s, "subject", X509_get_subject_name(x));
	put_name(s, "issuer", X509_get_issuer_name(x));
	put_time(s, "not before", X509_get0_notBefore(x));
	put_time(s, "not after", X509_get0_notAfter(x));
	if (certificate_append_der(x, &der) == ERR_OK) {
		digest_of(der.data, der.size, &digest);
		digest_to_hex(&digest, hex);
		put_string(s, "sha256", hex);
	}
	buf_free(&der);
	put_bool(s, "certifies this key", e == ERR_OK);
	show_authorities(s, chain);
	return e;
}

/* The CAs behind it in its file. */
static void
show_authorities(struct sheet *s, const STACK_OF(X509) * chain)
{
	char name[32];

	for (int i = 1; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);

		(void)snprintf(name, sizeof(name), "ca %d", i);
		put_name(s, name, X509_get_subject_name(x));
		(void)snprintf(name, sizeof(name), "ca %d not after", i);
		put_time(s, name, X509_get0_notAfter(x));
	}
}

/* No fault: the ceremony has got as far as init. */
static void
show_no_certificate(struct sheet *s)
{
	if (s->json)
		put_line(s, "certificate", VIEW_LITERAL("null"), false);
	else
		put_string(s, "certificate",
		    "none yet: make it with self-sign, or with csr and import-cert");
}

/* The line by which other tools of the C2SP formats take the key. */
static void
show_verifier(struct sheet *s, const struct hsm_config *c, EVP_PKEY *key)
{
	struct note_verifier *verifier = NULL;
	struct buf line = BUF_INIT;

	put_string(s, "log", c->origin);
	if (note_verifier_new_of(c->origin, key, algorithm_of(c->algorithm)->scheme, &verifier) ==
		ERR_OK &&
	    note_verifier_write(verifier, &line) == ERR_OK)
		put(s, "verifier key", buf_view(&line));
	note_verifier_free(&verifier);
	buf_free(&line);
}

/* The line is the token's; whether the file has it shows whether it would be served. */
static enum err
show_beside(struct sheet *s, const struct hsm_config *c, struct token *token)
{
	struct note_verifier *kept = NULL, *verifier = NULL;
	struct token_key_attributes a;
	struct buf line = BUF_INIT;
	enum err e;

	if ((e = token_find_key(token, TOKEN_ED25519)) != ERR_OK ||
	    (e = token_key_attributes(token, TOKEN_ED25519, &a)) != ERR_OK)
		return e;
	put_string(s, "ed25519 key", c->ed25519_label);
	put_string(s, "ed25519 verdict", verdict(&a));
	if ((e = note_verifier_new(c->origin, token_public_key(token, TOKEN_ED25519), &verifier)) ==
		ERR_OK &&
	    (e = note_verifier_write(verifier, &line)) == ERR_OK)
		put(s, "ed25519 verifier key", buf_view(&line));
	if (e == ERR_OK &&
	    (e = verifier_file_read(c->ed25519_verifier, c->origin, &kept)) == ERR_OK)
		e = verifier_file_check_key(
		    c->ed25519_verifier, kept, token_public_key(token, TOKEN_ED25519));
	put_bool(s, "ed25519 as written", e == ERR_OK);
	note_verifier_free(&kept);
	note_verifier_free(&verifier);
	buf_free(&line);
	return e;
}

static enum err
show_guard(struct sheet *s, const struct hsm_config *c, EVP_PKEY *key)
{
	struct buf spki = BUF_INIT, size = BUF_INIT;
	struct guard_state state;
	char hex[DIGEST_HEX_SIZE + 1], words[CEREMONY_PHASE_SIZE];
	enum err e;

	if ((e = certificate_append_spki(key, &spki)) == ERR_OK &&
	    (e = guard_read(c->guard_directory, c->origin, buf_view(&spki), &state)) == ERR_OK) {
		buf_append_decimal(&size, state.size);
		digest_to_hex(&state.root, hex);
		put_line(s, "signed size", buf_view(&size), false);
		put_string(s, "signed root", hex);
		put_string(s, "guard", ceremony_phase(&state, words));
	}
	buf_free(&spki);
	buf_free(&size);
	return e;
}

/* In JSON the name's blanks become underscores; `quoted` false for numbers and truth values. */
static void
put_line(struct sheet *s, const char *name, struct view value, bool quoted)
{
	struct buf text = BUF_INIT;

	if (s->json) {
		buf_append_string(&text, s->lines > 0 ? ",\n  \"" : "{\n  \"");
		for (const char *c = name; *c != '\0'; c++)
			buf_append_byte(&text, *c == ' ' ? '_' : (uint8_t)*c);
		buf_append_string(&text, "\": ");
		if (quoted)
			json_append_string(&text, value);
		else
			buf_append_view(&text, value);
	} else {
		buf_append_format(&text, "%-22s ", name);
		text_append_printable(&text, value, VALUE_MAX);
		buf_append_byte(&text, '\n');
	}
	fwrite(text.data, 1, text.size, stdout);
	buf_free(&text);
	s->lines++;
}

static void
put(struct sheet *s, const char *name, struct view value)
{
	put_line(s, name, value, true);
}

static void
put_string(struct sheet *s, const char *name, const char *value)
{
	put(s, name, view_of_string(value != NULL ? value : ""));
}

static void
put_bool(struct sheet *s, const char *name, bool value)
{
	put_line(s, name, view_of_string(value ? "true" : "false"), false);
}

static void
put_name(struct sheet *s, const char *name, const X509_NAME *of)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *data;
	long size;

	if (text != NULL && X509_NAME_print_ex(text, of, 0, XN_FLAG_RFC2253) > 0 &&
	    (size = BIO_get_mem_data(text, &data)) > 0)
		put(s, name, (struct view){(uint8_t *)data, (size_t)size});
	BIO_free(text);
}

static void
put_time(struct sheet *s, const char *name, const ASN1_TIME *time)
{
	char text[UTC_TEXT_SIZE];

	put_string(s, name, utc_text_asn1(time, text));
}
