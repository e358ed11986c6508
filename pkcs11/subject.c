#include "pkcs11/subject.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "proto/tlog/checkpoint.h"

#define SERIAL_SIZE 16 /* bytes, random; RFC 5280 allows 20 */
#define CN_SIZE_MAX 64 /* ub-common-name of RFC 5280, A.1 */

/* A cross-check for whoever reads the certificate: what the key may be used for. */
static const char key_usage[] = "critical,digitalSignature";
static const char constraints[] = "critical,CA:FALSE";

static STACK_OF(X509_EXTENSION) * request_extensions(const struct hsm_config *c);
static enum err fill_name(X509_NAME *name, const struct hsm_config *c, const char *subject);
static char *next_attribute(char **rest);
static enum err add_attribute(X509_NAME *name, char *attribute);
static enum err add_origin(X509_NAME *name, const char *origin);
static X509_EXTENSION *origin_extension(const char *origin);
static bool fill_certificate(X509 *x, const struct hsm_config *c, int days, EVP_PKEY *key);
static bool add_extension(X509 *x, int nid, const char *value);
static enum err sign_request(X509_REQ *request, const struct hsm_config *c, struct token *token);
static enum err sign_certificate(X509 *x, const struct hsm_config *c, struct token *token);
static bool set_algorithm(X509_ALGOR *to, const struct hsm_config *c);
static enum err sign_bytes(
    unsigned char **bytes, int size, struct token *token, ASN1_BIT_STRING *to);
static bool add_made_extension(X509 *x, X509_EXTENSION *extension);

enum err
subject_make_request(
    const struct hsm_config *c, const char *subject, struct token *token, X509_REQ **out)
{
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *extensions = request_extensions(c);
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (request == NULL || extensions == NULL)
		goto out;
	if ((e = fill_name(X509_REQ_get_subject_name(request), c, subject)) != ERR_OK)
		goto out;
	e = ERR_TOKEN;
	if (X509_REQ_set_pubkey(request, token_public_key(token, TOKEN_FIRST)) == 1 &&
	    X509_REQ_add_extensions(request, extensions) == 1)
		e = sign_request(request, c, token);
	if (e == ERR_OK && X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1) {
		complain_crypto("the request cannot be signed so that its key verifies it");
		e = ERR_TOKEN;
	}
out:
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	if (e == ERR_OK)
		*out = request;
	else
		X509_REQ_free(request);
	return e;
}

enum err
subject_make_certificate(
    const struct hsm_config *c, const char *subject, int days, struct token *token, X509 **out)
{
	X509 *x = X509_new();
	enum err e;

	*out = NULL;
	if (x == NULL)
		return ERR_MEMORY;
	e = fill_name(X509_get_subject_name(x), c, subject);
	if (e == ERR_OK)
		e = fill_certificate(x, c, days, token_public_key(token, TOKEN_FIRST))
			? sign_certificate(x, c, token)
			: ERR_TOKEN;
	if (e == ERR_OK && X509_verify(x, X509_get0_pubkey(x)) != 1) {
		complain_crypto("the certificate cannot be signed so that its key verifies it");
		e = ERR_TOKEN;
	}
	if (e == ERR_OK)
		*out = x;
	else
		X509_free(x);
	return e;
}

static STACK_OF(X509_EXTENSION) * request_extensions(const struct hsm_config *c)
{
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *extension[] = {
	    X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, key_usage), origin_extension(c->origin)};
	bool good = all != NULL;

	for (size_t i = 0; i < sizeof(extension) / sizeof(extension[0]); i++) {
		if (!good || extension[i] == NULL ||
		    sk_X509_EXTENSION_push(all, extension[i]) <= 0) {
			X509_EXTENSION_free(extension[i]);
			good = false;
		}
	}
	if (good)
		return all;
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return NULL;
}

static enum err
fill_name(X509_NAME *name, const struct hsm_config *c, const char *subject)
{
	char *copy, *rest, *attribute;
	enum err e = ERR_OK;

	if (subject == NULL)
		return add_origin(name, c->origin);
	if (subject[0] != '/' || (copy = strdup(subject + 1)) == NULL) {
		complain(
		    "expected a subject like /O=Bank/CN=log.bank.example, found '%s'", subject);
		return ERR_FORMAT;
	}
	for (rest = copy; e == ERR_OK && (attribute = next_attribute(&rest)) != NULL;)
		e = add_attribute(name, attribute);
	free(copy);
	return e;
}

/*
 * Cuts the next attribute off, in place; NULL behind the last. As in openssl's -subj, a backslash
 * takes the next character as it stands: an origin such as a.example/log is CN=a.example\/log.
 */
static char *
next_attribute(char **rest)
{
	char *attribute = *rest, *to = *rest;

	if (attribute == NULL)
		return NULL;
	for (; **rest != '\0' && **rest != '/'; ++*rest) {
		if (**rest == '\\' && (*rest)[1] != '\0')
			++*rest;
		*to++ = **rest;
	}
	*rest = **rest == '/' ? *rest + 1 : NULL;
	*to = '\0';
	return attribute;
}

static enum err
add_attribute(X509_NAME *name, char *attribute)
{
	char *value = strchr(attribute, '=');

	if (value == NULL) {
		complain("expected an attribute with a value, such as CN=NAME, in the subject, "
			 "found '%s'; a \"/\" within a value needs a backslash before it",
		    attribute);
		return ERR_FORMAT;
	}
	*value++ = '\0';
	if (X509_NAME_add_entry_by_txt(
		name, attribute, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1)
		return ERR_OK;
	complain_crypto("'%s' in the subject cannot have the value '%s'", attribute, value);
	return ERR_FORMAT;
}

/* A cut one ends in dots: else it might be the whole name of another log. */
static enum err
add_origin(X509_NAME *name, const char *origin)
{
	const bool fits = strlen(origin) <= CN_SIZE_MAX;
	char cn[CN_SIZE_MAX + 1];

	(void)snprintf(
	    cn, sizeof(cn), "%.*s%s", CN_SIZE_MAX - (fits ? 0 : 3), origin, fits ? "" : "...");
	if (X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1)
		return ERR_OK;
	complain_crypto("the origin '%s' cannot be a common name; give another with --subject "
			"/CN=NAME",
	    origin);
	return ERR_FORMAT;
}

/* Made without openssl's configuration language, to which a comma in an origin means something. */
static X509_EXTENSION *
origin_extension(const char *origin)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *uri = ASN1_IA5STRING_new();
	X509_EXTENSION *extension = NULL;
	char text[sizeof("https://") + CHECKPOINT_ORIGIN_MAX];

	(void)snprintf(
	    text, sizeof(text), "%s%s", strstr(origin, "://") != NULL ? "" : "https://", origin);
	if (names == NULL || name == NULL || uri == NULL ||
	    ASN1_STRING_set(uri, text, (int)strlen(text)) != 1)
		goto out;
	GENERAL_NAME_set0_value(name, GEN_URI, uri);
	uri = NULL; /* moved */
	if (sk_GENERAL_NAME_push(names, name) <= 0)
		goto out;
	name = NULL; /* moved */
	extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
out:
	ASN1_IA5STRING_free(uri);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return extension;
}

static bool
fill_certificate(X509 *x, const struct hsm_config *c, int days, EVP_PKEY *key)
{
	unsigned char serial[SERIAL_SIZE];
	BIGNUM *number;
	bool good;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	serial[0] &= 0x7f; /* positive */
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	good = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
	BN_free(number);
	return good && X509_set_version(x, X509_VERSION_3) == 1 &&
	       X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(x), days, 0, NULL) != NULL &&
	       X509_set_pubkey(x, key) == 1 &&
	       add_extension(x, NID_basic_constraints, constraints) &&
	       add_extension(x, NID_key_usage, key_usage) &&
	       add_extension(x, NID_subject_key_identifier, "hash") &&
	       add_made_extension(x, origin_extension(c->origin));
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	return add_made_extension(x, X509V3_EXT_conf_nid(NULL, &ctx, nid, value));
}

/* Takes the extension, NULL where it could not be made. */
static bool
add_made_extension(X509 *x, X509_EXTENSION *extension)
{
	bool good = extension != NULL && X509_add_ext(x, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return good;
}

static enum err
sign_request(X509_REQ *request, const struct hsm_config *c, struct token *token)
{
	X509_ALGOR *algorithm = X509_ALGOR_new();
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	unsigned char *bytes = NULL;
	enum err e = ERR_MEMORY;

	if (algorithm != NULL && signature != NULL && set_algorithm(algorithm, c) &&
	    X509_REQ_set1_signature_algo(request, algorithm) == 1)
		e = sign_bytes(&bytes, i2d_re_X509_REQ_tbs(request, &bytes), token, signature);
	if (e == ERR_OK) {
		X509_REQ_set0_signature(request, signature);
		signature = NULL; /* moved */
	}
	OPENSSL_free(bytes);
	ASN1_BIT_STRING_free(signature);
	X509_ALGOR_free(algorithm);
	return e;
}

/*
 * OpenSSL has no call that puts into a certificate what was signed elsewhere, as it has for
 * requests; what it shows as constant is the certificate's own.
 */
static enum err
sign_certificate(X509 *x, const struct hsm_config *c, struct token *token)
{
	X509_ALGOR *inner = (X509_ALGOR *)X509_get0_tbs_sigalg(x);
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *outer;
	unsigned char *bytes = NULL;
	enum err e = ERR_MEMORY;

	X509_get0_signature(&signature, &outer, x);
	if (set_algorithm(inner, c) && X509_ALGOR_copy((X509_ALGOR *)outer, inner) == 1)
		e = sign_bytes(
		    &bytes, i2d_re_X509_tbs(x, &bytes), token, (ASN1_BIT_STRING *)signature);
	OPENSSL_free(bytes);
	return e;
}

/*
 * RFC 3279, 2.2: RSA has parameters, which are NULL, and ECDSA has none. RFC 4055, 3.1: of RSA-PSS
 * they say hash, mask and salt.
 */
static bool
set_algorithm(X509_ALGOR *to, const struct hsm_config *c)
{
	static const uint8_t pss[] = {0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86,
	    0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06,
	    0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09,
	    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02,
	    0x01, 0x20};
	const enum note_scheme scheme = algorithm_of(c->algorithm)->scheme;
	ASN1_STRING *parameters;

	if (scheme == NOTE_ECDSA)
		return X509_ALGOR_set0(
			   to, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, NULL) == 1;
	if (scheme == NOTE_RSA_PKCS1)
		return X509_ALGOR_set0(
			   to, OBJ_nid2obj(NID_sha256WithRSAEncryption), V_ASN1_NULL, NULL) == 1;
	if ((parameters = ASN1_STRING_new()) != NULL &&
	    ASN1_STRING_set(parameters, pss, sizeof(pss)) == 1 &&
	    X509_ALGOR_set0(to, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, parameters) == 1)
		return true;
	ASN1_STRING_free(parameters);
	return false;
}

static enum err
sign_bytes(unsigned char **bytes, int size, struct token *token, ASN1_BIT_STRING *to)
{
	struct token_signer *signer = NULL;
	struct buf made = BUF_INIT;
	enum err e = ERR_MEMORY;

	if (size > 0 &&
	    (e = token_signer_new(
		 token, TOKEN_FIRST, token_public_key(token, TOKEN_FIRST), &signer)) == ERR_OK &&
	    (e = token_sign(signer, (struct view){*bytes, (size_t)size}, &made)) == ERR_OK) {
		e = ASN1_STRING_set(to, made.data, (int)made.size) == 1 ? ERR_OK : ERR_MEMORY;
		/* All bits of its last byte count. */
		to->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
		to->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	}
	token_signer_free(&signer);
	buf_free(&made);
	return e;
}
