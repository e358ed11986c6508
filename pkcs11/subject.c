#include "pkcs11/subject.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/complain.h"

#define SERIAL_SIZE 16 /* bytes, random; RFC 5280 allows 20 */

/* A cross-check for whoever reads the certificate: what the key may be used for. */
static const char key_usage[] = "critical,digitalSignature";
static const char constraints[] = "critical,CA:FALSE";

static enum err fill_name(X509_NAME *name, const struct hsm_config *c, const char *subject);
static char *next_attribute(char **rest);
static enum err add_attribute(X509_NAME *name, char *attribute);
static bool fill_certificate(X509 *x, int days, EVP_PKEY *key);
static bool add_extension(X509 *x, int nid, const char *value);

enum err
subject_make_request(
    const struct hsm_config *c, const char *subject, struct token *token, X509_REQ **out)
{
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *usage = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, key_usage);
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (request == NULL || extensions == NULL || usage == NULL ||
	    sk_X509_EXTENSION_push(extensions, usage) <= 0)
		goto out;
	usage = NULL; /* moved */
	if ((e = fill_name(X509_REQ_get_subject_name(request), c, subject)) != ERR_OK)
		goto out;
	e = ERR_TOKEN;
	token_call_begin(token);
	if (X509_REQ_set_pubkey(request, token_public_key(token)) == 1 &&
	    X509_REQ_add_extensions(request, extensions) == 1 &&
	    X509_REQ_sign(request, token_private_key(token), EVP_sha256()) > 0 &&
	    X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1)
		e = ERR_OK;
	else
		complain_crypto("the request cannot be signed so that its key verifies it");
	token_call_end();
out:
	X509_EXTENSION_free(usage);
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
	token_call_begin(token);
	e = fill_name(X509_get_subject_name(x), c, subject);
	if (e == ERR_OK && (!fill_certificate(x, days, token_public_key(token)) ||
			       X509_sign(x, token_private_key(token), EVP_sha256()) <= 0 ||
			       X509_verify(x, X509_get0_pubkey(x)) != 1)) {
		complain_crypto("the certificate cannot be signed so that its key verifies it");
		e = ERR_TOKEN;
	}
	token_call_end();
	if (e == ERR_OK)
		*out = x;
	else
		X509_free(x);
	return e;
}

static enum err
fill_name(X509_NAME *name, const struct hsm_config *c, const char *subject)
{
	char *copy, *rest, *attribute;
	enum err e = ERR_OK;

	if (subject == NULL) {
		if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			(const unsigned char *)c->origin, -1, -1, 0) == 1)
			return ERR_OK;
		complain_crypto("the origin '%s' cannot be a common name, which has at most 64 "
				"characters; give another with --subject /CN=NAME",
		    c->origin);
		return ERR_FORMAT;
	}
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

static bool
fill_certificate(X509 *x, int days, EVP_PKEY *key)
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
	       add_extension(x, NID_subject_key_identifier, "hash");
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool good;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = extension != NULL && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}
