#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "pkcs11/ceremony.h"
#include "pkcs11/certificate.h"
#include "pkcs11/complain.h"
#include "pkcs11/guard.h"
#include "pkcs11/token.h"
#include "proto/note.h"
#include "proto/text.h"

#define VALUE_MAX 512 /* bytes of one shown value */

/* What is shown, line after line; as a table or as one JSON object. */
struct sheet {
	bool json;
	unsigned lines;
};

static void put(struct sheet *s, const char *name, struct view value);
static void put_string(struct sheet *s, const char *name, const char *value);
static void put_bool(struct sheet *s, const char *name, bool value);
static void show_key(
    struct sheet *s, const struct hsm_config *c, const struct token_key_attributes *a);
static void show_certificate(struct sheet *s, const struct hsm_config *c, X509 *x);
static void show_guard(struct sheet *s, const struct hsm_config *c, EVP_PKEY *key);
static void put_time(struct sheet *s, const char *name, const ASN1_TIME *time);

int
ceremony_show(const struct hsm_config *c, bool json)
{
	struct sheet s = {json, 0};
	struct token *token;
	struct token_key_attributes a;
	X509 *certificate = NULL;
	enum err e = token_open(c, &token);

	if (e == ERR_OK && (e = token_find_key(token)) == ERR_OK &&
	    (e = token_key_attributes(token, &a)) == ERR_OK) {
		if (json)
			putchar('{');
		put_string(&s, "token", token_info(token)->label);
		put_string(&s, "manufacturer", token_info(token)->manufacturer);
		put_string(&s, "model", token_info(token)->model);
		put_string(&s, "serial", token_info(token)->serial);
		put_string(&s, "module", c->module);
		show_key(&s, c, &a);
		if (certificate_read(c->certificate, &certificate) == ERR_OK)
			show_certificate(&s, c, certificate);
		show_guard(&s, c, token_public_key(token));
		if (json)
			puts("}");
	}
	X509_free(certificate);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

static void
show_key(struct sheet *s, const struct hsm_config *c, const struct token_key_attributes *a)
{
	bool safe = a->sensitive && a->always_sensitive && !a->extractable &&
		    a->never_extractable && a->local;

	put_string(s, "key", c->key_label);
	put_string(
	    s, "mechanism", c->algorithm == HSM_P256 ? "CKM_ECDSA, P-256" : "CKM_RSA_PKCS, 3072");
	put_bool(s, "CKA_SENSITIVE", a->sensitive);
	put_bool(s, "CKA_ALWAYS_SENSITIVE", a->always_sensitive);
	put_bool(s, "CKA_EXTRACTABLE", a->extractable);
	put_bool(s, "CKA_NEVER_EXTRACTABLE", a->never_extractable);
	put_bool(s, "CKA_LOCAL", a->local);
	put_string(s, "verdict",
	    safe ? "the key was made on the token and cannot leave it"
		 : "REFUSED: the key can, or could, leave the token");
}

static void
show_certificate(struct sheet *s, const struct hsm_config *c, X509 *x)
{
	struct buf text = BUF_INIT;
	struct note_verifier *verifier;
	char *subject = X509_NAME_oneline(X509_get_subject_name(x), NULL, 0);
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];

	put_string(s, "certificate", c->certificate);
	put_string(s, "subject", subject != NULL ? subject : "?");
	put_time(s, "not before", X509_get0_notBefore(x));
	put_time(s, "not after", X509_get0_notAfter(x));
	if (certificate_append_der(x, &text) == ERR_OK) {
		digest_of(text.data, text.size, &digest);
		digest_to_hex(&digest, hex);
		put_string(s, "sha256", hex);
	}
	buf_clear(&text);
	if (note_verifier_new(c->origin, X509_get0_pubkey(x), &verifier) == ERR_OK) {
		if (note_verifier_write(verifier, &text) == ERR_OK)
			put(s, "verifier key", buf_view(&text));
		note_verifier_free(&verifier);
	}
	OPENSSL_free(subject);
	buf_free(&text);
}

static void
show_guard(struct sheet *s, const struct hsm_config *c, EVP_PKEY *key)
{
	struct buf spki = BUF_INIT, size = BUF_INIT;
	struct guard *guard = NULL;
	char hex[DIGEST_HEX_SIZE + 1];

	put_string(s, "log", c->origin);
	if (certificate_append_spki(key, &spki) == ERR_OK &&
	    guard_open(c->guard_directory, c->origin, buf_view(&spki), &guard) == ERR_OK) {
		buf_append_decimal(&size, guard_state(guard)->size);
		digest_to_hex(&guard_state(guard)->root, hex);
		put(s, "signed size", buf_view(&size));
		put_string(s, "signed root", hex);
	}
	guard_close(&guard);
	buf_free(&spki);
	buf_free(&size);
}

static void
put(struct sheet *s, const char *name, struct view value)
{
	struct buf text = BUF_INIT;

	if (s->json) {
		if (s->lines > 0)
			putchar(',');
		json_append_string(&text, view_of_string(name));
		buf_append_byte(&text, ':');
		json_append_string(&text, value);
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
put_string(struct sheet *s, const char *name, const char *value)
{
	put(s, name, view_of_string(value != NULL ? value : ""));
}

static void
put_bool(struct sheet *s, const char *name, bool value)
{
	put_string(s, name, value ? "true" : "false");
}

static void
put_time(struct sheet *s, const char *name, const ASN1_TIME *time)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long size;

	if (bio != NULL && ASN1_TIME_print(bio, time) == 1 &&
	    (size = BIO_get_mem_data(bio, &data)) > 0)
		put(s, name, (struct view){(uint8_t *)data, (size_t)size});
	BIO_free(bio);
}
