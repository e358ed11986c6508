#include "proto/evidence/identity.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "proto/evidence/bundle.h"
#include "proto/signature.h"

static enum err take(const ASN1_STRING *name, bool is_uri, char identity[IDENTITY_SIZE_MAX + 1]);
static bool is_printable(struct view name);
static bool has_scheme(struct view name);
static bool is_letter(uint8_t c);

enum err
identity_of_name(struct view name, char identity[IDENTITY_SIZE_MAX + 1])
{
	const bool is_uri = memchr(name.data, ':', name.size) != NULL;

	identity[0] = '\0';
	if (!is_printable(name) || (is_uri && !has_scheme(name)))
		return ERR_IDENTITY;
	memcpy(identity, name.data, name.size);
	identity[name.size] = '\0';
	for (char *c = identity; !is_uri && *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return ERR_OK;
}

bool
identity_is_valid(struct view name)
{
	char identity[IDENTITY_SIZE_MAX + 1];

	return identity_of_name(name, identity) == ERR_OK &&
	       view_equal(name, view_of_string(identity));
}

enum err
identity_of_certificate(X509 *certificate, char identity[IDENTITY_SIZE_MAX + 1])
{
	GENERAL_NAMES *names;
	const ASN1_STRING *uri = NULL, *dns = NULL;
	int uris = 0, dnses = 0;
	enum err e = ERR_IDENTITY;

	identity[0] = '\0';
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_URI) {
			uri = name->d.uniformResourceIdentifier;
			uris++;
		} else if (name->type == GEN_DNS) {
			dns = name->d.dNSName;
			dnses++;
		}
	}
	if (uris == 1)
		e = take(uri, true, identity);
	else if (uris == 0 && dnses == 1)
		e = take(dns, false, identity);
	GENERAL_NAMES_free(names);
	return e;
}

enum err
identity_verify_bundle(X509 *certificate, struct view bundle, struct view signature)
{
	struct buf text = BUF_INIT;
	enum err e;

	bundle_signed_bytes(bundle, &text);
	if ((e = buf_status(&text)) == ERR_OK &&
	    (e = signature_verify(X509_get0_pubkey(certificate), EVP_sha256(), buf_view(&text),
		 signature)) == ERR_SIGNATURE)
		e = ERR_EVIDENCE_SIGNATURE;
	buf_free(&text);
	return e;
}

enum err
identity_certificate_bytes(X509 *certificate, struct buf *der, struct digest *digest)
{
	unsigned char *bytes = NULL;
	int size = i2d_X509(certificate, &bytes);

	if (size <= 0)
		return ERR_CRYPTO;
	buf_append(der, bytes, (size_t)size);
	digest_of(bytes, (size_t)size, digest);
	OPENSSL_free(bytes);
	return buf_status(der);
}

enum err
identity_chain_bytes(const STACK_OF(X509) * chain, struct buf *der, struct digest *digest)
{
	const size_t begun = der->size;
	struct digest one;
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < sk_X509_num(chain); i++)
		e = identity_certificate_bytes(sk_X509_value(chain, i), der, &one);
	if (e == ERR_OK)
		digest_of(der->data + begun, der->size - begun, digest);
	return e;
}

/* Of a URI: the other kind of name has no colon. */
static enum err
take(const ASN1_STRING *name, bool is_uri, char identity[IDENTITY_SIZE_MAX + 1])
{
	const struct view bytes = {ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name)};

	if (identity_of_name(bytes, identity) == ERR_OK &&
	    (strchr(identity, ':') != NULL) == is_uri)
		return ERR_OK;
	identity[0] = '\0';
	return ERR_IDENTITY;
}

static bool
is_printable(struct view name)
{
	if (name.size < 1 || name.size > IDENTITY_SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	return true;
}

/* And something behind it. There is a colon. */
static bool
has_scheme(struct view name)
{
	const uint8_t *c = name.data;

	if (!is_letter(*c))
		return false;
	while (is_letter(*c) || (*c >= '0' && *c <= '9') || *c == '+' || *c == '-' || *c == '.')
		c++;
	return *c == ':' && c + 1 < name.data + name.size;
}

/* Whatever the locale. */
static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
